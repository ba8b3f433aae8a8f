import type { Anchor } from '../../language/anchor.ts'
import { type Entry, inFunction, type Step, step, when } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import { type Bounds, can_be_invalidated, is_read_only, tags_mmio } from '../../memory/bounds.ts'
import { forget_fault, target_gfn } from '../../memory/fault/fault.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { gfn_to_hva } from '../../memory/memslots/memslot.ts'
import { private_page } from '../../memory/notifier/attributes.ts'
import {
  free_host_page,
  invalidation_of,
  mmu_invalidate_retry,
  take_free_host_page,
} from '../../memory/notifier/host.ts'
import { finish_instruction } from '../../memory/vcpu/instruction.ts'
import { END_OF_FAULT, PREFAULT_AGAIN, REENTER } from '../hand-over.ts'
import { is_mmio } from './mmio.ts'
import { endsPreFault } from './pre-fault.ts'

const since: ReadIn = 'v5.16..v7.2'

/** PF.7: a snapshot of mmu_invalidate_seq, before the host's page tables are read. */
export function snapshotSeq(bounds: Bounds): Entry<Kvm>[] {
  if (!can_be_invalidated(bounds)) return []
  return [
    step(
      'PF.7',
      {
        fn: 'kvm_mmu_faultin_pfn',
        since,
        c: { 'v6.1': { fn: 'kvm_faultin_pfn', at: 'fault->mmu_seq =' }, 'v7.2': 'fault->mmu_seq =' },
        shows: (kvm) => `mmu_seq = mmu_invalidate_seq = ${kvm.mmu_invalidate.seq}`,
      },
      {
        does: (kvm, v) => {
          kvm.vcpu[v].fault.mmu_seq = kvm.mmu_invalidate.seq
        },
      },
    ),
  ]
}

/** PF.8 and PF.10: the retry test without mmu_lock, an optimization. */
export function precheck(name: string, bounds: Bounds): Entry<Kvm>[] {
  if (!can_be_invalidated(bounds)) return []
  return inFunction(
    'kvm_faultin_pfn',
    step<Kvm>(
      name,
      {
        fn: 'mmu_invalidate_retry_gfn_unsafe',
        since: 'v6.9..v7.2',
        c: 'READ_ONCE(kvm->mmu_invalidate_seq)',
        shows: (kvm, v) => `retry (no lock) = ${retry(kvm, v)}`,
        fused:
          'Two fields are read; the result is only a hint, and the test under mmu_lock reads them again.',
      },
      [
        ...endsPreFault(bounds, { when: retry, does: forget_fault }, PREFAULT_AGAIN),
        { when: retry, does: forget_fault, to: REENTER },
        {},
      ],
    ),
  )
}

/** Where the host page is looked up. */
export const FAULTIN_PFN: Anchor = {
  'v6.1': { fn: 'kvm_faultin_pfn', at: '__gfn_to_pfn_memslot(' },
  'v6.12': { fn: 'kvm_faultin_pfn', callee: '__kvm_faultin_pfn', at: '__gfn_to_pfn_memslot(' },
  'v7.2': { callee: '__kvm_mmu_faultin_pfn', at: '__kvm_faultin_pfn(' },
}

/**
 * PF.9, of a write to a page that is shared with another process: the host copies the page first, between the start and
 * the end of a notifier. So mmu_invalidate_seq has changed, and the fault is retried once, always.
 */
export function breakSharing(bounds: Bounds): Entry<Kvm>[] {
  if (bounds.notifier.cow.length === 0) return []
  const about = { fn: 'hva_to_pfn', since: 'v2.6.38..v7.2' } as const
  const shared = (kvm: Kvm, v: number): boolean =>
    kvm.vcpu[v].guest === 'write' &&
    !is_read_only(bounds, target_gfn(kvm, v)) &&
    kvm.shared_hva.has(gfn_to_hva(kvm, target_gfn(kvm, v)))
  return inFunction(
    'kvm_faultin_pfn',
    step<Kvm>(
      'PF.9 cow',
      {
        ...about,
        c: 'hva_to_pfn_fast(',
        shows: (kvm, v) => `gfn ${target_gfn(kvm, v)}: must be copied = ${shared(kvm, v)}`,
      },
      [
        {
          when: shared,
          does: (kvm, v) => {
            kvm.vcpu[v].cow = 'wanted'
          },
        },
        { to: 'PF.9' },
      ],
    ),
    step<Kvm>(
      'PF.9 copied',
      { ...about, c: 'hva_to_pfn_slow(', shows: 'get_user_pages(FOLL_WRITE) has a page that is not shared' },
      {
        when: (kvm, v) => kvm.vcpu[v].cow === 'done',
        does: (kvm, v) => {
          kvm.vcpu[v].cow = 'none'
        },
      },
    ),
  )
}

/**
 * `fault->map_writable`: the memslot is not read-only, and the host maps the page writable. A sharing that ends after
 * the lookup makes the fault retry.
 */
export function map_writable(kvm: Kvm, gfn: number, bounds: Bounds): boolean {
  if (is_read_only(bounds, gfn)) return false
  return bounds.notifier.cow.length === 0 || !kvm.shared_hva.has(gfn_to_hva(kvm, gfn))
}

/** PF.9: the host page behind the frame, or that of guest_memfd; the host allocates one if there is none. */
export function faultinPfn(bounds: Bounds, name = 'PF.9'): Step<Kvm> {
  const hva = (kvm: Kvm, v: number): number => gfn_to_hva(kvm, target_gfn(kvm, v))
  const noSlot = (kvm: Kvm, v: number): boolean => tags_mmio(bounds) && kvm.vcpu[v].fault.slot === 'none'
  const refused = (kvm: Kvm, v: number): boolean => writes_read_only(kvm, v, bounds)
  const isPrivate = (kvm: Kvm, v: number): boolean =>
    bounds.attributes.changes > 0 && kvm.vcpu[v].fault.is_private
  const about = {
    fn: 'kvm_mmu_faultin_pfn',
    since,
    c: FAULTIN_PFN,
    shows: (kvm: Kvm, v: number) => {
      const pfn = isPrivate(kvm, v) ? private_page(target_gfn(kvm, v), bounds) : kvm.host_pte[hva(kvm, v)]
      if (refused(kvm, v)) return `gfn ${target_gfn(kvm, v)} -> KVM_PFN_ERR_RO_FAULT`
      const found = noSlot(kvm, v) ? 'KVM_PFN_NOSLOT' : `pfn ${pfn ?? `${free_host_page(kvm)} (new)`}`
      return `gfn ${target_gfn(kvm, v)} -> ${found}`
    },
    fused: 'The host reads or sets its PTE under its page-table lock.',
  }
  const found = (kvm: Kvm, v: number): void => {
    kvm.vcpu[v].fault.pfn = kvm.host_pte[hva(kvm, v)]
  }
  const otherCases = [
    ...when(bounds.attributes.changes > 0, {
      when: isPrivate,
      does: (kvm: Kvm, v: number) => {
        kvm.vcpu[v].fault.pfn = private_page(target_gfn(kvm, v), bounds)
      },
    }),
    ...when(tags_mmio(bounds), { when: noSlot }),
    ...when(bounds.memslots.readOnly.length > 0, { when: refused }),
  ]
  if (bounds.notifier.threads === 0) return step(name, about, [...otherCases, { does: found }])
  return step(name, about, [
    ...otherCases,
    { when: (kvm, v) => kvm.host_pte[hva(kvm, v)] !== null, does: found },
    ...when(bounds.guest.mmioGfns > 0, {
      when: (kvm: Kvm, v: number) => is_mmio(target_gfn(kvm, v), bounds),
    }),
    {
      does: (kvm, v) => {
        const page = take_free_host_page(kvm)
        kvm.host_pte[hva(kvm, v)] = page
        kvm.vcpu[v].fault.pfn = page
      },
    },
  ])
}

/** Whether the fault is a write to a frame in a read-only memslot. */
export function writes_read_only(kvm: Kvm, v: number, bounds: Bounds): boolean {
  return kvm.vcpu[v].guest === 'write' && is_read_only(bounds, target_gfn(kvm, v))
}

/**
 * PF.9 error: a write to a read-only memslot gets no page (KVM_PFN_ERR_RO_FAULT) and is emulated. The emulator
 * cannot write to the memslot either, and exits to userspace, which completes the instruction (KVM_EXIT_MMIO).
 */
export function emulateReadOnly(bounds: Bounds): Step<Kvm> {
  const refused = (kvm: Kvm, v: number): boolean => writes_read_only(kvm, v, bounds)
  return step(
    'PF.9 error',
    {
      fn: 'kvm_handle_error_pfn',
      since: 'v6.1..v7.2',
      c: {
        'v6.1': { fn: 'kvm_handle_bad_page', at: 'pfn == KVM_PFN_ERR_RO_FAULT' },
        'v6.12': 'fault->pfn == KVM_PFN_ERR_RO_FAULT',
      },
      shows: (kvm, v) =>
        refused(kvm, v) ? 'KVM_PFN_ERR_RO_FAULT: emulate, KVM_EXIT_MMIO' : 'the memslot allows the access',
      quiet: (kvm, v) => !refused(kvm, v),
    },
    [
      {
        when: refused,
        does: (kvm, v) => {
          forget_fault(kvm, v)
          finish_instruction(kvm, v)
        },
        to: REENTER,
      },
      {},
    ],
  )
}

/**
 * PF.12, the test for notifiers: `mmu_invalidate_retry_gfn()` under mmu_lock. `in_progress` catches faults that
 * take the lock during an invalidation, the sequence count those that take it afterwards.
 * @param to the end of the fault.
 */
export function retryTest(
  test: (kvm: Kvm, gfn: number, seq: number) => boolean = mmu_invalidate_retry,
  to = END_OF_FAULT,
): Step<Kvm> {
  const stale = (kvm: Kvm, v: number): boolean => test(kvm, target_gfn(kvm, v), kvm.vcpu[v].fault.mmu_seq)
  return step(
    'PF.12 retry',
    {
      fn: 'mmu_invalidate_retry_gfn',
      since,
      c: {
        'v6.1': { fn: 'mmu_invalidate_retry_hva', at: 'kvm->mmu_invalidate_seq != mmu_seq' },
        'v6.12': 'kvm->mmu_invalidate_seq != mmu_seq',
      },
      shows: (kvm, v) => {
        const { in_progress, seq } = kvm.mmu_invalidate
        return `in_progress ${in_progress}, seq ${kvm.vcpu[v].fault.mmu_seq} -> ${seq}: retry = ${stale(kvm, v)}`
      },
    },
    [{ when: stale, to }, {}],
  )
}

function retry(kvm: Kvm, v: number): boolean {
  return mmu_invalidate_retry(kvm, target_gfn(kvm, v), kvm.vcpu[v].fault.mmu_seq)
}

/** The two halves of the retry test, for designs that lack the other. */
export const inProgressOnly = invalidation_of
export const seqOnly = (kvm: Kvm, _gfn: number, seq: number): boolean => kvm.mmu_invalidate.seq !== seq
