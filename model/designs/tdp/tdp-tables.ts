import { drop, insert, only, replace } from '../../language/patch.ts'
import { step } from '../../language/program.ts'
import { arrive } from '../../machines/fault/tdp-map.ts'
import { freeTable, freezeEntries, type Removed } from '../../machines/tdp/removed-pt.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { free_shadow_page } from '../../memory/shadow/shadow-page.ts'
import { rcu_read_unlock } from '../../memory/tdp/rcu.ts'
import { boundsOf } from '../../scenarios/build-scenario.ts'
import { TDP_HUGE_PAGE } from '../../scenarios/tdp/tdp-roots.ts'
import type { Design } from '../design.ts'
import { violated } from '../expectation.ts'

/** Tables of the TDP MMU that are unlinked while a fault or the hardware is in them. */

const HUGE = TDP_HUGE_PAGE.id
const NOTIFIER = 'tdp-fault-notifier'
const bounds = boundsOf(TDP_HUGE_PAGE)
const removed: Removed = (kvm, v) => kvm.vcpu[v].fault.removed[0]

export const tdpTableDesigns: readonly Design<Kvm>[] = [
  {
    id: 'tdp-retry-test-dropped',
    aliases: [],
    title: 'drop the retry test of a TDP fault under mmu_lock',
    status: 'control',
    kernel: { version: 'never merged', function: 'is_page_fault_stale' },
    about: 'A notifier that began and ended since the lookup has not seen the SPTE that the fault then sets.',
    scenarios: [NOTIFIER],
    kernels: ['7.2'],
    patches: [drop('PF.12 retry')],
    expect: violated(
      NOTIFIER,
      'tdp-mmu-map-handle-target-level-finds-the-same-pfn',
      'no-install-during-invalidation',
      'no-mapping-of-a-lost-page',
      'no-tdp-spte-of-a-lost-page',
    ),
  },
  {
    id: 'tdp-unmap-without-flush',
    aliases: [],
    title: 'do not flush after the SPTEs of the TDP MMU were zapped for a notifier',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_tdp_mmu_unmap_gfn_range' },
    about: 'The TLB of a vCPU keeps the page after the host has taken it.',
    scenarios: [NOTIFIER],
    patches: [only('notifier', drop('NS.6'))],
    expect: violated(NOTIFIER, 'no-flush-debt-at-unlock', 'no-mapping-of-a-lost-page'),
  },
  {
    id: 'tdp-removed-entries-cleared',
    aliases: [],
    title: 'clear the entries of an unlinked table in place of freezing them',
    status: 'control',
    kernel: { version: 'never merged', function: 'handle_removed_pt' },
    about: 'A fault that is in the table sets an entry that was cleared, and the guest has no mapping.',
    scenarios: [HUGE],
    patches: [replace('P12 removed/HRP.1', freezeEntries(1, removed, bounds, 'none'))],
    expect: violated(HUGE, 'freed-tdp-page-maps-nothing'),
  },
  {
    id: 'tdp-frozen-spte-not-tested',
    aliases: ['overwrite-frozen-spte'],
    title: 'do not test in a TDP fault whether the SPTE of the goal level is frozen',
    status: 'bug',
    kernel: { commit: 'f5d16bb9be68', version: '..v6.1', function: 'kvm_tdp_mmu_map' },
    about:
      'The cmpxchg compares with the frozen value, and succeeds: the leaf is in a table that is unlinked. The commit (v6.2) is the fix.',
    scenarios: [HUGE],
    patches: [
      replace(
        'WALK.3',
        arrive('WALK.3', bounds, false, undefined, () => false),
      ),
    ],
    expect: violated(HUGE, 'freed-tdp-page-maps-nothing', 'frozen-spte-stays-frozen'),
  },
  {
    id: 'tdp-table-freed-at-once',
    aliases: [],
    title: 'free an unlinked table without a grace period',
    status: 'control',
    kernel: { commit: '7cca2d0b7e7d', version: 'never merged', function: 'handle_removed_pt' },
    about:
      'With mmu_lock held for read, a fault may be in the table. Up to v5.11 faults held the lock for write, and the table was freed at once.',
    scenarios: [HUGE],
    patches: [replace('P12 removed/HRP.3', freeTable(1, removed, free_shadow_page))],
    expect: violated(HUGE, 'every-access-can-finish', 'no-use-after-free', 'no-walk-of-a-freed-page'),
  },
  {
    id: 'tdp-flush-after-rcu',
    aliases: [],
    title: 'leave the read-side section of RCU before the flush for an unlinked table',
    status: 'control',
    kernel: { version: 'never merged', function: 'tdp_mmu_map_handle_target_level' },
    about:
      'RCU does not wait for guests: the table may be freed while the hardware walks it. Only the flush makes the CPUs leave it.',
    scenarios: [HUGE],
    patches: [
      insert<Kvm>(
        { before: 'P12 flush' },
        step<Kvm>(
          'P12 unlock',
          { fn: 'kvm_tdp_mmu_map', since: 'v6.1..v7.2', shows: 'rcu_read_unlock()' },
          { does: (kvm, v) => rcu_read_unlock(kvm, v) },
        ),
      ),
    ],
    expect: violated(HUGE, 'every-access-can-finish', 'no-use-after-free', 'no-walk-of-a-freed-page'),
  },
  {
    id: 'tdp-huge-page-without-flush',
    aliases: [],
    title: 'do not flush when a huge page replaces a table',
    status: 'control',
    kernel: { version: 'never merged', function: 'tdp_mmu_map_handle_target_level' },
    about: 'As tdp-flush-after-rcu. What the TLBs have is right: both map the same pages.',
    scenarios: [HUGE],
    patches: [drop('P12 flush')],
    expect: violated(HUGE, 'every-access-can-finish', 'no-use-after-free', 'no-walk-of-a-freed-page'),
  },
]
