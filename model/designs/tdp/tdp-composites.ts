import { drop, move, only, replace } from '../../language/patch.ts'
import { step } from '../../language/program.ts'
import { slotTest } from '../../machines/fault/fault-slot.ts'
import { zapLeaf } from '../../machines/tdp/unmap.ts'
import { nextRoot, startWalk } from '../../machines/tdp/unmap-range.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { boundsOf } from '../../scenarios/build-scenario.ts'
import { TDP_RANGE } from '../../scenarios/tdp/tdp-composites.ts'
import type { Design } from '../design.ts'
import { violated } from '../expectation.ts'

/** The TDP MMU beside notifiers and memslots that go. */

const DELETE = 'tdp-slot-delete'
const ZAP_AND_NOTIFY = 'tdp-zap-all-notifier'
const RANGE = TDP_RANGE.id
const TWO_ROOTS = 'tdp-range-two-roots'
const RANGE_AND_ZAP = 'tdp-range-zap-all'
const NX = 'tdp-nx-recovery'

export const tdpCompositeDesigns: readonly Design<Kvm>[] = [
  {
    id: 'tdp-invalid-slot-mapped',
    aliases: [],
    title: 'map a page of an INVALID memslot in a TDP fault',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_mmu_faultin_pfn' },
    about:
      'The fault finds the slot while it is being deleted, loads a new root after the zap has invalidated the old one, and maps there what the zap no longer looks for.',
    scenarios: [DELETE],
    patches: [
      replace(
        'TDP/PF.8',
        slotTest(() => false),
      ),
    ],
    expect: violated(DELETE, 'no-spte-of-a-freed-slot', 'nothing-added-to-an-invalid-slot'),
  },
  {
    id: 'tdp-notifier-skips-invalid-roots',
    aliases: ['invalid-root-not-unmapped', 'CVE-2021-47639'],
    title: 'v5.13 to v5.17: zap only valid roots of the TDP MMU for a notifier',
    status: 'bug',
    kernel: { commit: 'b7cccd397f31', version: 'v5.13..v5.17', function: 'kvm_tdp_mmu_unmap_gfn_range' },
    about:
      'No vCPU uses an invalid root, but its zap may come after the page has got another owner, and marked the page dirty up to v6.12. Fixed by d62007edf01f (v5.18).',
    scenarios: [ZAP_AND_NOTIFY],
    patches: [
      only(
        'notifier',
        replace(
          'NS.5 tdp',
          zapLeaf(
            (kvm, n) => kvm.notifier[n].gfn as number,
            (kvm, n) => {
              kvm.notifier[n].flush = true
            },
            'valid',
          ),
        ),
      ),
    ],
    expect: violated(ZAP_AND_NOTIFY, 'no-tdp-spte-of-a-lost-page'),
  },
  {
    id: 'tdp-yield-without-flush',
    aliases: [],
    title: 'drop mmu_lock between two leaves of a range without flushing first, with the TDP MMU',
    status: 'control',
    kernel: { version: 'never merged', function: 'tdp_mmu_iter_cond_resched' },
    about:
      'As lock-dropped-in-a-range-without-flush. Other walks yield without a flush, because they owe none or have only cleared W.',
    scenarios: [RANGE],
    patches: [only('notifier', drop('NS.5 tdp flush'))],
    expect: violated(RANGE, 'no-flush-debt-at-unlock', 'no-mapping-of-a-lost-page'),
  },
  {
    id: 'tdp-flush-of-each-root-alone',
    aliases: ['flush-lost-across-yield'],
    title: '..v5.11: before a yield, flush only what the walk below this root owes',
    status: 'bug',
    kernel: { version: '..v5.11', function: 'kvm_tdp_mmu_zap_gfn_range' },
    about:
      'The walk below the second root yields with nothing to flush, while the first one owes a flush. Fixed by a835429cda91, which passes the flag from root to root. Here in the walk of a notifier.',
    scenarios: [TWO_ROOTS],
    patches: [
      only(
        'notifier',
        replace(
          'NS.5 walk',
          startWalk(boundsOf(TDP_RANGE), (kvm, n) => {
            const local = kvm.notifier[n]
            local.flush ||= local.slot_flush
            local.slot_flush = false
          }),
        ),
      ),
    ],
    expect: violated(TWO_ROOTS, 'no-flush-debt-at-unlock', 'no-mapping-of-a-lost-page'),
  },
  {
    id: 'tdp-root-walked-without-reference',
    aliases: [],
    title: 'walk the roots of the TDP MMU for a notifier without a reference to the root, and yield',
    status: 'control',
    kernel: { version: 'never merged', function: 'tdp_mmu_next_root' },
    about:
      'While mmu_lock is dropped the zap of an invalidated root puts the last reference, and the root is freed under the walk.',
    scenarios: [RANGE_AND_ZAP],
    patches: [only('notifier', replace('NS.5 root', nextRoot(false)))],
    expect: violated(RANGE_AND_ZAP, 'no-use-after-free', 'tdp-root-count-is-number-of-holders'),
  },
  {
    id: 'tdp-last-reference-put-by-a-walk',
    aliases: ['a889ea54b3da'],
    title: 'v5.10, v5.11: put the reference of a walk without freeing the root',
    status: 'bug',
    kernel: { commit: 'a889ea54b3da', version: 'v5.10..v5.11', function: 'tdp_mmu_next_root' },
    about:
      'A walk that yields holds a reference to its root. If the others are put meanwhile, that of the walk is the last, and only its count was decremented: the root stays on the list, and it and its tables are never freed. Fixed by a889ea54b3da ("KVM: x86/mmu: Ensure TDP MMU roots are freed after yield", v5.12; the title is from memory).',
    scenarios: [RANGE_AND_ZAP],
    patches: [
      only(
        'notifier',
        replace(
          'NS.5 put/PUT.1',
          step<Kvm>(
            'PUT.1',
            {
              fn: 'kvm_tdp_mmu_put_root',
              since: 'history',
              shows: (kvm, n) => {
                const root = kvm.notifier[n].tdp[0].prev_root as number
                return `page ${root}: root_count ${kvm.page[root].root_count} -> ${kvm.page[root].root_count - 1}`
              },
            },
            {
              does: (kvm, n) => {
                const [walk] = kvm.notifier[n].tdp
                kvm.page[walk.prev_root as number].root_count--
                walk.prev_root = null
              },
              to: 'PUT.end',
            },
          ),
        ),
      ),
    ],
    expect: violated(RANGE_AND_ZAP, 'tdp-root-without-references-is-freed'),
  },
  {
    id: 'nx-recovery-not-flushed',
    aliases: ['nx-recovery-no-flush', '048f49809c52'],
    title: 'v5.10, v5.11: recover an NX huge page without flushing',
    status: 'bug',
    kernel: { commit: '048f49809c52', version: 'v5.10..v5.11', function: 'kvm_recover_nx_huge_pages' },
    about:
      'What the zap of a table returned was ignored. A TLB still maps a page that no SPTE maps: the notifier does not flush, and the host frees it. Fixed by 048f49809c52 ("KVM: x86/mmu: Ensure TLBs are flushed for TDP MMU during NX zapping", v5.12; from memory). mmu_lock was held for write then.',
    scenarios: [NX],
    kernels: ['7.2'],
    patches: [only('nxrecovery', drop('NX.6 flush'))],
    expect: violated(
      NX,
      'no-mapping-of-a-lost-page',
      'no-flush-debt-at-unlock',
      'no-use-after-free',
      'no-walk-of-a-freed-page',
      'every-access-can-finish',
    ),
  },
  {
    id: 'nx-recovery-flushed-after-rcu',
    aliases: [],
    title: 'leave RCU before the flush of a recovered NX huge page',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_recover_nx_huge_pages' },
    about: 'The table may be freed while the hardware is in it: RCU does not wait for guests.',
    scenarios: [NX],
    kernels: ['7.2'],
    patches: [only('nxrecovery', move('NX.7', { before: 'NX.6 flush' }, 'follow'))],
    expect: violated(NX, 'no-use-after-free', 'no-walk-of-a-freed-page', 'every-access-can-finish'),
  },
  {
    id: 'tdp-roots-torn-down-later',
    aliases: ['deferred-root-teardown'],
    title: 'v5.13-rc: leave the zap of invalidated roots to a later put',
    status: 'bug',
    kernel: { commit: 'b7cccd397f31', version: 'v5.13-rc', function: 'kvm_mmu_zap_all_fast' },
    about:
      'The vCPUs have left the root, but it still maps the memslot when the update frees it: a notifier no longer finds the slot, and the last put zaps SPTEs of pages that may have another owner. Fixed by 4c6654bd160d (v5.13): all invalidated roots are zapped before kvm_mmu_zap_all_fast() returns.',
    scenarios: [DELETE],
    patches: [
      only(
        'memslot',
        replace(
          'ZI.2',
          step<Kvm>(
            'ZI.2',
            { fn: 'kvm_mmu_zap_all_fast', since: 'history', shows: 'the last put will zap the root' },
            { to: 'ZI.7' },
          ),
        ),
      ),
    ],
    adds: {
      setUp: (kvm) => {
        // The page in the memslot is mapped already.
        const [leaf] = kvm.page[1].spte
        leaf.kind = 'leaf'
        leaf.gfn = 0
        leaf.pfn = 0
        leaf.w = true
        leaf.mmuw = true
      },
    },
    expect: violated(DELETE, 'no-spte-of-a-freed-slot'),
  },
]
