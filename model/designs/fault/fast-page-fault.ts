import { drop, insert, replace } from '../../language/patch.ts'
import { type Step, step } from '../../language/program.ts'
import { frames } from '../../machines/dirty-log/dirty-log.ts'
import { last_spte, readSpte } from '../../machines/fault/fast-page-fault.ts'
import { fault_spte } from '../../memory/fault/fault.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { rmap_entries, rmap_remove, transfer_dirty } from '../../memory/shadow/rmap.ts'
import { clear_spte } from '../../memory/shadow/shadow-page.ts'
import { boundsOf } from '../../scenarios/build-scenario.ts'
import { FAST_FAULT_NOTIFIER, PROTECTED_HUGE_PAGE } from '../../scenarios/dirty-log/dirty-log.ts'
import type { Design } from '../design.ts'
import { notReached, vacuous, violated } from '../expectation.ts'

/**
 * fast_page_fault() restores write permission without mmu_lock; and large SPTEs in a slot with dirty logging,
 * which tracks small pages.
 */

const FAST = 'dirty-log-fast-fault'
const NOTIFIER = 'fast-fault-notifier'
const READ_ONLY = 'dirty-log-read-only-huge-page'
const PROTECTED = 'dirty-log-protected-huge-page'
const MISSING = 'no-write-missing-from-the-dirty-log'
const UNNOTICED = 'no-request-unnoticed-in-guest-mode'
const NO_FLUSH =
  'The only request in this scenario is the flush of a pass, which finds no dirty bit and sends none.'

export const fastPageFaultDesigns: readonly Design<Kvm>[] = [
  {
    id: 'fast-fault-not-marked-dirty',
    aliases: [],
    title: 'do not set the dirty bit in fast_page_fault()',
    status: 'control',
    kernel: { version: 'never merged', function: 'fast_pf_fix_direct_spte' },
    about: 'Without FPF.5 nothing records the write.',
    scenarios: [FAST],
    patches: [drop('FPF.5')],
    expect: [...violated(FAST, MISSING), ...vacuous(NO_FLUSH, FAST, UNNOTICED)],
  },
  {
    id: 'fast-fault-plain-store',
    aliases: ['fast-page-fault-on-direct-pages'],
    title: 'store the SPTE in fast_page_fault() instead of using cmpxchg',
    status: 'control',
    kernel: { version: 'never merged', function: 'fast_pf_fix_direct_spte' },
    about: 'A notifier has zapped the SPTE since it was read, and the plain store restores it.',
    scenarios: [NOTIFIER],
    patches: [replace('FPF.4', storeSpte())],
    expect: violated(
      NOTIFIER,
      'no-mapping-of-a-lost-page',
      'leaf-is-on-its-rmap',
      'no-dirty-page-lost',
      MISSING,
    ),
  },
  {
    id: 'spte-cleared-by-plain-store',
    aliases: ['fastpf-dirty-lost', 'H10'],
    title: 'clear a read-only SPTE by a plain store, and use the dirty bit that was read before',
    status: 'candidate',
    kernel: { commit: 'c7ba5b48cc8d', version: '..v3.5', function: 'mmu_spte_clear_track_bits' },
    about:
      'Without fast page faults nothing sets D in an SPTE that is not writable. With them, W can come back between the load and the store, the guest writes, and D is lost. Since c7ba5b48cc8d such an SPTE is cleared with xchg().',
    scenarios: [NOTIFIER],
    patches: [insert({ before: 'NS.5' }, ...clearPlainly())],
    expect: violated(NOTIFIER, 'no-dirty-page-lost'),
  },
  {
    id: 'dirty-cleared-instead-of-w',
    aliases: ['l2-dirty-clear-without-pml', 'CVE-2024-26990'],
    title: 'clear D and leave W in a dirty-log pass, although no CPU logs pages when it sets D',
    status: 'bug',
    kernel: { commit: '5982a5392663', version: 'v6.4..v6.8', function: 'clear_dirty_pt_masked' },
    about:
      'CVE-2024-26990. With PML the CPU logs a page whenever it sets D, so clearing D is enough; while L2 runs, PML is off. In this model it is always off. Fixed by 2673dfb591a3 (v6.9) in the TDP MMU; the shadow MMU already checked the kind of SPTE.',
    scenarios: [NOTIFIER],
    patches: [replace('DL.3', clearDirty())],
    expect: violated(NOTIFIER, MISSING),
  },
  {
    id: 'large-spte-made-writable-fast',
    aliases: [],
    title: 'make a large SPTE writable in fast_page_fault(), and set the dirty bit of one gfn only',
    status: 'bug',
    kernel: { commit: 'caf6900f2d8a', version: '2013, reverted', function: 'fast_page_fault' },
    about:
      'caf6900f2d8a ("KVM: MMU: lazily drop large spte") write-protected large SPTEs instead of dropping them; the guest then writes the other gfns of the page without a fault. Reverted by 6b73a9606; c126d94f2c90 did it again, with fast page faults for small SPTEs only.',
    scenarios: [PROTECTED],
    patches: [replace('FPF.2', readSpte(boundsOf(PROTECTED_HUGE_PAGE), true))],
    expect: [
      ...violated(PROTECTED, MISSING),
      ...notReached('The large SPTE is made writable instead.', PROTECTED, 'large-spte-is-dropped'),
    ],
  },
  {
    id: 'read-only-large-spte-kept',
    aliases: ['readonly-huge-spte-write-loop'],
    title: '..v3.13: stop at a present large SPTE in a fault that needs a small page',
    status: 'before',
    kernel: { commit: '404381c5839d', version: '..v3.13', function: '__direct_map' },
    about:
      'Fixed by 404381c5839d ("KVM: MMU: drop read-only large sptes when creating lower level sptes"). Enabling the log drops writable large SPTEs; a read-only one stays, and every write fault on it stops there.',
    scenarios: [READ_ONLY],
    patches: [insert({ before: 'GET.1 test' }, stopAtLeaf())],
    expect: [
      ...violated(READ_ONLY, 'every-access-can-finish', 'no-fault-retried-for-ever'),
      ...notReached('The fault stops at the large SPTE.', READ_ONLY, 'large-spte-is-dropped'),
      ...vacuous('No write ever succeeds.', READ_ONLY, MISSING),
      ...vacuous(NO_FLUSH, READ_ONLY, UNNOTICED),
    ],
  },
]

/** FPF.4 as a plain store. */
function storeSpte(): Step<Kvm> {
  const bounds = boundsOf(FAST_FAULT_NOTIFIER)
  return step<Kvm>(
    'FPF.4',
    {
      fn: 'fast_pf_fix_direct_spte',
      since: 'history',
      shows: (kvm, v) => `*sptep = pfn ${kvm.vcpu[v].fault.old_pfn}, W`,
    },
    {
      does: (kvm, v) => {
        const { entry } = last_spte(kvm, v, bounds)
        const { old_pfn, gpte } = kvm.vcpu[v].fault
        entry.kind = 'leaf'
        entry.pfn = old_pfn
        entry.gfn = gpte[0].to
        entry.w = true
        entry.mmuw = true
      },
    },
  )
}

/** NS.5 for SPTEs that were read as read-only and clean: cleared by a store and treated as clean. */
function clearPlainly(): Step<Kvm>[] {
  const about = { fn: 'mmu_spte_clear_track_bits', since: '..v3.5' } as const
  const gfn_of = (kvm: Kvm, n: number): number => kvm.notifier[n].gfn as number
  const clean = (kvm: Kvm, n: number): boolean => {
    const sptes = rmap_entries(kvm, gfn_of(kvm, n)).map(({ page, index }) => kvm.page[page].spte[index])
    return sptes.length > 0 && sptes.every((entry) => !entry.w && !entry.dirty)
  }
  return [
    step<Kvm>(
      'NS.5 read',
      { ...about, shows: (kvm, n) => `old_spte is read-only and clean = ${clean(kvm, n)}` },
      [{ when: (kvm, n) => !clean(kvm, n), to: 'NS.5' }, {}],
    ),
    step<Kvm>(
      'NS.5 clear',
      { ...about, shows: '*sptep = 0' },
      {
        does: (kvm, n) => {
          kvm.notifier[n].unmapped = true
          kvm.notifier[n].flush = true
          for (const sptep of rmap_entries(kvm, gfn_of(kvm, n))) {
            rmap_remove(kvm, sptep)
            clear_spte(kvm.page[sptep.page].spte[sptep.index])
          }
        },
        to: 'NS.6',
      },
    ),
  ]
}

/** The walk continues below non-leaf SPTEs only, and installs one only where no SPTE is present. */
function stopAtLeaf(): Step<Kvm> {
  const bounds = boundsOf(PROTECTED_HUGE_PAGE)
  const large = (kvm: Kvm, v: number): boolean => fault_spte(kvm, v, bounds).kind === 'leaf'
  return step<Kvm>(
    'GET.1 present',
    { fn: '__direct_map', since: '..v3.13', shows: (kvm, v) => `a large SPTE is present = ${large(kvm, v)}` },
    [{ when: large, to: 'PF.15' }, {}],
  )
}

/** DL.3 for CPUs with PML. The D bits that are cleared mark their host pages dirty, as everywhere. */
function clearDirty(): Step<Kvm> {
  const mask = (kvm: Kvm): readonly number[] => kvm.dirtylog[0].dirty_bitmap_buffer.elements()
  return step<Kvm>(
    'DL.3',
    {
      fn: 'kvm_mmu_clear_dirty_pt_masked',
      since: 'v4.0..v7.2',
      shows: (kvm) => `clear D in the SPTEs of ${frames(mask(kvm))}`,
    },
    {
      does: (kvm) => {
        for (const sptep of mask(kvm).flatMap((gfn) => rmap_entries(kvm, gfn))) {
          transfer_dirty(kvm, sptep)
          kvm.page[sptep.page].spte[sptep.index].dirty = false
        }
      },
    },
  )
}
