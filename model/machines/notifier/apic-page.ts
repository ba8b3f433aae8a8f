import { type Entry, inFunction, step, when } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import type { Bounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { gfn_to_hva } from '../../memory/memslots/memslot.ts'
import { free_host_page, mmu_invalidate_retry, take_free_host_page } from '../../memory/notifier/host.ts'
import { readLock } from '../primitives/lock.ts'
import { makeAllCpusRequest } from '../primitives/make-request.ts'

const since: ReadIn = 'v6.1..v7.2'
const set = { fn: 'vmx_set_apic_access_page_addr', since } as const
/** The label behind the reload. */
const END = 'APIC.end'

const pending = (kvm: Kvm, v: number): boolean => kvm.vcpu[v].requests.has('APIC_PAGE_RELOAD')

/**
 * APIC: KVM_REQ_APIC_PAGE_RELOAD, before VM-entry: the host address of the APIC access page is looked up and written to
 * the VMCS. The page has no reference.
 */
export function reloadApicPage({ apicPage: { gfn } }: Bounds): Entry<Kvm>[] {
  const frame = gfn as number
  const hva = (kvm: Kvm): number => gfn_to_hva(kvm, frame)
  const retry = (kvm: Kvm, v: number): boolean => mmu_invalidate_retry(kvm, frame, kvm.vcpu[v].apic_mmu_seq)
  return inFunction<Kvm>(
    'vcpu_enter_guest',
    step<Kvm>(
      'APIC.1',
      {
        fn: 'vcpu_enter_guest',
        since,
        c: 'kvm_check_request(KVM_REQ_APIC_PAGE_RELOAD,',
        shows: (kvm, v) => `kvm_check_request(APIC_PAGE_RELOAD) = ${pending(kvm, v)}`,
        quiet: (kvm, v) => !pending(kvm, v),
      },
      [{ when: pending, does: (kvm, v) => kvm.vcpu[v].requests.delete('APIC_PAGE_RELOAD') }, { to: END }],
    ),
    ...inFunction<Kvm>(
      'kvm_vcpu_reload_apic_access_page',
      step<Kvm>(
        'APIC.2',
        {
          ...set,
          c: { 'v6.1': null, 'v6.12': 'mmu_seq = kvm->mmu_invalidate_seq' },
          shows: (kvm) => `mmu_seq = mmu_invalidate_seq = ${kvm.mmu_invalidate.seq}`,
        },
        {
          does: (kvm, v) => {
            kvm.vcpu[v].apic_mmu_seq = kvm.mmu_invalidate.seq
          },
        },
      ),
      step<Kvm>(
        'APIC.3',
        {
          ...set,
          c: { 'v6.1': 'gfn_to_page(', 'v6.12': 'gfn_to_pfn_memslot(', 'v7.2': '__kvm_faultin_pfn(' },
          shows: (kvm) => `the APIC page is pfn ${kvm.host_pte[hva(kvm)] ?? `${free_host_page(kvm)} (new)`}`,
          fused: 'The host reads or sets its PTE under its page-table lock.',
        },
        {
          does: (kvm, v) => {
            kvm.host_pte[hva(kvm)] ??= take_free_host_page(kvm)
            kvm.vcpu[v].apic_pfn = kvm.host_pte[hva(kvm)]
          },
        },
      ),
      readLock('APIC.4', { ...set, c: { 'v6.1': null, 'v6.12': 'read_lock(' } }),
      step<Kvm>(
        'APIC.5 retry',
        {
          fn: 'vmx_set_apic_access_page_addr',
          since,
          c: { 'v6.1': null, 'v6.12': 'mmu_invalidate_retry_gfn(' },
          shows: (kvm, v) => `mmu_invalidate_retry_gfn() = ${retry(kvm, v)}`,
        },
        [
          {
            when: retry,
            does: (kvm, v) => {
              kvm.vcpu[v].requests.add('APIC_PAGE_RELOAD')
              kvm.vcpu[v].apic_pfn = null
              kvm.vcpu[v].apic_mmu_seq = 0
            },
            to: 'APIC.6',
          },
          {},
        ],
      ),
      step<Kvm>(
        'APIC.5',
        {
          ...set,
          c: 'vmcs_write64(APIC_ACCESS_ADDR',
          shows: (kvm, v) => `vmcs_write64(APIC_ACCESS_ADDR, pfn ${kvm.vcpu[v].apic_pfn})`,
        },
        {
          does: (kvm, v) => {
            kvm.vcpu[v].apic_access_addr = kvm.vcpu[v].apic_pfn
            kvm.vcpu[v].apic_pfn = null
            kvm.vcpu[v].apic_mmu_seq = 0
          },
        },
      ),
      step<Kvm>(
        'APIC.6',
        { ...set, c: { 'v6.1': null, 'v6.12': 'read_unlock(' }, shows: 'read_unlock(&kvm->mmu_lock)' },
        { does: (kvm, v) => kvm.mmu_lock_readers.delete(v) },
      ),
    ),
    step<Kvm>(END, { fn: 'vcpu_enter_guest', since, c: { none: 'model' }, shows: 'reloaded', quiet: true }),
  )
}

/** NS.5 apic: the unmapped range contains the APIC access page: all vCPUs are to reload its address. */
export function requestApicReload(bounds: Bounds): Entry<Kvm>[] {
  const { gfn } = bounds.apicPage
  return inFunction(
    'kvm_unmap_gfn_range',
    ...when<Entry<Kvm>>(
      gfn !== undefined,
      step<Kvm>(
        'NS.5 apic test',
        {
          fn: 'kvm_unmap_gfn_range',
          since,
          c: { 'v6.1': null, 'v6.12': 'APIC_ACCESS_PAGE_PRIVATE_MEMSLOT' },
          shows: (kvm, n) => `the memslot is that of the APIC page = ${kvm.notifier[n].gfn === gfn}`,
          quiet: true,
        },
        [{ when: (kvm, n) => kvm.notifier[n].gfn !== gfn, to: 'NS.6' }, {}],
      ),
      makeAllCpusRequest('NS.5 apic', 'APIC_PAGE_RELOAD', bounds.vcpus, (kvm, n) => kvm.notifier[n].req),
    ),
  )
}
