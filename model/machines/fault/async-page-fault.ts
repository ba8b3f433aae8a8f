import {
  type Block,
  block,
  type Case,
  type Entry,
  inFunction,
  type Step,
  step,
} from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import type { Bounds } from '../../memory/bounds.ts'
import {
  backing_page,
  free_async_pf,
  remember_fault,
  same_mmu_kind,
  same_pgd,
  swap_addresses,
  swap_in,
} from '../../memory/fault/async-pf.ts'
import { forget_fault, target_gfn } from '../../memory/fault/fault.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { root_is_valid, root_name, root_role } from '../../memory/roots/mmu.ts'
import { finish_instruction } from '../../memory/vcpu/instruction.ts'
import { ASYNC_PF_REFUSED, PAGE_FAULT, REENTER, RELOAD_MMU, TDP_PAGE_FAULT } from '../hand-over.ts'
import { loadRootPage } from '../roots/load-root.ts'
import { FAULTIN_PFN } from './fault-host-page.ts'

const since: ReadIn = 'v6.9..v7.2, v6.1.192'
const setup = { fn: 'kvm_setup_async_pf', since }
const completion = { fn: 'kvm_check_async_pf_completion', since }
const ready = { fn: 'kvm_arch_async_page_ready', since }

/**
 * PF.9 if host pages can be swapped out: `kvm_mmu_faultin_pfn()` does not wait for the disk if the vCPU can run
 * something else meanwhile. A prefetch fault waits, and so does a second missing page.
 */
export function faultinPfnOrQueue(name: string): Step<Kvm> {
  const missing = (kvm: Kvm, v: number): boolean => backing_page(kvm, target_gfn(kvm, v)) === null
  const mayQueue = (kvm: Kvm, v: number): boolean => missing(kvm, v) && !kvm.vcpu[v].prefetch
  const queued = (kvm: Kvm, v: number): boolean => kvm.vcpu[v].async_pf[0].gfn === target_gfn(kvm, v)
  const free = (kvm: Kvm, v: number): boolean => {
    const { queued, work } = kvm.vcpu[v].async_pf[0]
    return !queued && work === 'idle'
  }
  return step(
    name,
    {
      fn: 'kvm_mmu_faultin_pfn',
      since,
      c: FAULTIN_PFN,
      shows: (kvm, v) => {
        const gfn = target_gfn(kvm, v)
        if (!missing(kvm, v)) return `gfn ${gfn} -> pfn ${backing_page(kvm, gfn)}`
        if (!mayQueue(kvm, v)) return `gfn ${gfn}: swapped in, synchronously`
        return `gfn ${gfn}: KVM_PFN_ERR_NEEDS_IO`
      },
      fused: 'The host reads or sets its PTE under its page-table lock.',
    },
    [
      {
        when: (kvm, v) => !missing(kvm, v),
        does: (kvm, v) => {
          kvm.vcpu[v].fault.pfn = backing_page(kvm, target_gfn(kvm, v))
        },
      },
      { when: (kvm, v) => mayQueue(kvm, v) && queued(kvm, v), does: forget_fault, to: 'APF.halt' },
      { when: (kvm, v) => mayQueue(kvm, v) && free(kvm, v), to: 'APF.setup' },
      {
        does: (kvm, v) => {
          kvm.vcpu[v].fault.pfn = swap_in(kvm, target_gfn(kvm, v))
        },
      },
    ],
  )
}

/** The vCPU's side of async page faults: queueing one, waiting for one, and completing one. */
export function asyncPageFault(): Block<Kvm>[] {
  return [setUpAsyncPf(), halt(), refused()]
}

/** PF.2, if the guest does not map the address: a guest access gets a #PF, a prefetch fault just ends. */
function refused(): Block<Kvm> {
  const inject = (kvm: Kvm, v: number): void => {
    forget_fault(kvm, v)
    finish_instruction(kvm, v)
  }
  const fn = 'paging64_page_fault'
  return block(
    ASYNC_PF_REFUSED,
    [
      step(
        'PF.2 test',
        {
          fn,
          since,
          c: '!fault->prefetch',
          outOfOrder: 'because control jumps here from the walk of the guest tables',
          shows: (kvm, v) => `fault->prefetch = ${kvm.vcpu[v].prefetch}`,
          quiet: (kvm, v) => !kvm.vcpu[v].prefetch,
        },
        [...endPrefetch(forget_fault), {}],
      ),
      step(
        'PF.2 inject',
        {
          fn: '__kvm_inject_emulated_page_fault',
          since,
          c: {
            'v6.1': { fn: 'kvm_inject_emulated_page_fault', at: 'inject_page_fault(' },
            'v6.12': 'inject_page_fault(',
          },
          outOfOrder: 'because control jumps here from the walk of the guest tables',
          shows: 'inject #PF',
        },
        [...endPrefetch(inject), { does: inject, to: REENTER }],
      ),
    ],
    { fn },
  )
}

/** APF.1 to APF.3: queue the work and notify the guest that the page is missing, so that it runs something else. */
function setUpAsyncPf(): Block<Kvm> {
  const fn = 'kvm_arch_setup_async_pf'
  return block(
    'APF.setup',
    [
      step(
        'APF.1',
        {
          fn,
          since,
          c: 'arch.direct_map =',
          shows: (kvm, v) =>
            `arch = { gfn ${target_gfn(kvm, v)}, direct_map ${root_role(kvm, v).direct}, cr3 ${kvm.vcpu[v].cr3} }`,
          fused: 'No other thread can reach the work before it is scheduled.',
        },
        { does: (kvm, v) => remember_fault(kvm, v, target_gfn(kvm, v)) },
      ),
      ...inFunction(
        setup.fn,
        step<Kvm>(
          'APF.2',
          {
            fn: 'kvm_arch_async_page_not_present',
            since,
            c: 'apf_put_user_notpresent(',
            shows: 'inject #PF "page not present": the guest puts the task to sleep',
          },
          {
            does: (kvm, v) => {
              forget_fault(kvm, v)
              finish_instruction(kvm, v)
            },
          },
        ),
        step<Kvm>(
          'APF.3',
          { ...setup, c: 'schedule_work(', shows: 'schedule_work(&work->work)' },
          {
            does: (kvm, v) => {
              kvm.vcpu[v].async_pf[0].work = 'pending'
            },
            to: REENTER,
          },
        ),
      ),
    ],
    { fn },
  )
}

/** KVM_REQ_APF_HALT: the guest accesses the same page again; the vCPU blocks until the page is ready. */
function halt(): Block<Kvm> {
  return block(
    'APF.halt',
    [
      step(
        'APF.halted',
        {
          fn: 'kvm_vcpu_block',
          since,
          c: 'kvm_vcpu_check_block(',
          shows: 'arch.apf.halted: woken by async_pf.done',
        },
        { when: (kvm, v) => kvm.vcpu[v].async_pf[0].done, to: REENTER },
      ),
    ],
    { fn: 'vcpu_block' },
  )
}

/**
 * KVM_REQ_APF_READY, before the root for the next entry is loaded: KVM maps a page that is ready by a prefetch
 * fault, if the vCPU is still in the context in which the page was missing.
 */
export function asyncPfCompletion(bounds: Bounds): Entry<Kvm>[] {
  if (!bounds.asyncPf.on) return []
  const fn = 'vcpu_enter_guest'
  return [
    block(
      'APF',
      [
        step(
          'APF.4 check',
          {
            fn,
            since,
            c: 'kvm_check_request(KVM_REQ_APF_READY',
            shows: (kvm, v) => `kvm_check_request(KVM_REQ_APF_READY) = ${kvm.vcpu[v].apf_ready}`,
            quiet: (kvm, v) => !kvm.vcpu[v].apf_ready,
          },
          [
            { when: (kvm, v) => !kvm.vcpu[v].apf_ready, to: RELOAD_MMU },
            {
              does: (kvm, v) => {
                kvm.vcpu[v].apf_ready = false
              },
            },
          ],
        ),
        step(
          'APF.4',
          {
            ...completion,
            c: 'list_del(&work->link)',
            shows: (kvm, v) =>
              kvm.vcpu[v].async_pf[0].done ? 'list_del(&work->link)' : 'async_pf.done is empty',
          },
          [
            { when: (kvm, v) => !kvm.vcpu[v].async_pf[0].done, to: RELOAD_MMU },
            {
              does: (kvm, v) => {
                kvm.vcpu[v].async_pf[0].done = false
              },
            },
          ],
        ),
        ...inFunction(completion.fn, ...inFunction(ready.fn, ...pageReady(bounds)), ...complete()),
      ],
      { fn },
    ),
  ]
}

/** APF.5 to APF.8: `kvm_arch_async_page_ready()`. */
function pageReady(bounds: Bounds): Entry<Kvm>[] {
  const reload = 'kvm_mmu_reload'
  const prefetch = (kvm: Kvm, v: number): void => {
    swap_addresses(kvm, v)
    kvm.vcpu[v].prefetch = true
  }
  return [
    step(
      'APF.5',
      {
        ...ready,
        c: 'root_role.direct != work->arch.direct_map',
        shows: (kvm, v) =>
          `root_role.direct ${root_role(kvm, v).direct} ${same_mmu_kind(kvm, v) ? '==' : '!='} work->arch.direct_map`,
      },
      [{ when: (kvm, v) => !same_mmu_kind(kvm, v), to: 'APF.9' }, {}],
    ),
    block(
      'APF.6',
      [
        step(
          'APF.6 test',
          {
            fn: reload,
            since,
            c: 'root.hpa != INVALID_PAGE',
            shows: (kvm, v) => `root.hpa = ${root_name(kvm, kvm.vcpu[v].root)}`,
          },
          [{ when: root_is_valid, to: 'APF.7' }, {}],
        ),
        ...loadRootPage(bounds),
      ],
      { fn: reload },
    ),
    step(
      'APF.7',
      {
        ...ready,
        c: 'work->arch.cr3 !=',
        shows: (kvm, v) =>
          root_role(kvm, v).direct
            ? 'direct: any page directory'
            : `cr3 ${kvm.vcpu[v].cr3} ${same_pgd(kvm, v) ? '==' : '!='} work->arch.cr3`,
      },
      [{ when: (kvm, v) => !same_pgd(kvm, v), to: 'APF.9' }, {}],
    ),
    step(
      'APF.8',
      {
        ...ready,
        c: 'kvm_mmu_do_page_fault(',
        shows: (kvm, v) =>
          `kvm_mmu_do_page_fault(${root_role(kvm, v).direct ? 'gpa' : 'gva'} ${kvm.vcpu[v].async_pf[0].cr2_or_gpa}, prefetch)`,
      },
      bounds.tdp.on
        ? [
            { when: (kvm, v) => root_role(kvm, v).direct, does: prefetch, to: TDP_PAGE_FAULT },
            { does: prefetch, to: PAGE_FAULT },
          ]
        : { does: prefetch, to: PAGE_FAULT },
    ),
  ]
}

/** APF.9 to APF.11: notify the guest that the page is ready, wait for the end of the work, and free it. */
function complete(): Step<Kvm>[] {
  return [
    step(
      'APF.9',
      {
        fn: 'kvm_arch_async_page_present',
        since,
        c: 'apf_put_user_ready(',
        shows: 'tell the guest "page ready"; list_del(&work->queue)',
        fused: 'The queue is private to this vCPU.',
      },
      {
        does: (kvm, v) => {
          kvm.vcpu[v].async_pf[0].queued = false
        },
      },
    ),
    step(
      'APF.10',
      {
        ...completion,
        c: { callee: 'kvm_flush_and_free_async_pf_work', at: 'flush_work(' },
        shows: 'flush_work(&work->work)',
        quiet: true,
      },
      { when: (kvm, v) => kvm.vcpu[v].async_pf[0].work === 'idle' },
    ),
    step(
      'APF.11',
      {
        ...completion,
        c: { callee: 'kvm_flush_and_free_async_pf_work', at: 'kmem_cache_free(' },
        shows: 'kmem_cache_free(async_pf_cache, work)',
        quiet: true,
      },
      { does: free_async_pf, to: RELOAD_MMU },
    ),
  ]
}

/** Ends a prefetch fault by `end`. No guest instruction waits for it. */
export function endPrefetch(end: (kvm: Kvm, v: number) => void): Case<Kvm>[] {
  return [
    {
      when: (kvm, v) => kvm.vcpu[v].prefetch,
      does: (kvm, v) => {
        swap_addresses(kvm, v)
        end(kvm, v)
        kvm.vcpu[v].prefetch = false
      },
      to: 'APF/APF.9',
    },
  ]
}
