import { drop, move, replace } from '../../language/patch.ts'
import { step } from '../../language/program.ts'
import { clearDirtyPtMasked } from '../../machines/tdp/write-protect.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { index_at } from '../../memory/primitives/guest-memory.ts'
import { copy_spte } from '../../memory/tdp/spte.ts'
import type { Design } from '../design.ts'
import { violated } from '../expectation.ts'

/** The dirty log of a VM that has only the TDP MMU, and fast page faults under RCU. */

const LOG = 'tdp-dirty-log'
const ENABLE = 'tdp-dirty-log-enable'
const NOTIFIER = 'tdp-fast-fault-notifier'
const ZAP = 'tdp-fast-fault-zap-all'
const LOST = ['no-write-missing-from-the-dirty-log', 'clean-page-is-not-writable'] as const

export const tdpDirtyLogDesigns: readonly Design<Kvm>[] = [
  {
    id: 'tdp-log-not-write-protected',
    aliases: [],
    title: 'fetch and clear the bits, but leave the SPTEs of the TDP MMU writable',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_tdp_mmu_clear_dirty_pt_masked' },
    about: 'The guest caches the writable SPTE again after the flush.',
    scenarios: [LOG],
    patches: [drop('DL.3')],
    expect: violated(LOG, ...LOST),
  },
  {
    id: 'tdp-log-not-flushed',
    aliases: [],
    title: 'write-protect the logged pages without flushing TLBs, with the TDP MMU',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_flush_remote_tlbs_memslot' },
    about: 'The guest keeps writing through its TLB.',
    scenarios: [LOG],
    patches: [drop('DL.5/flush')],
    expect: violated(LOG, ...LOST),
  },
  {
    id: 'tdp-bits-taken-after-write-protect',
    aliases: [],
    title: 'write-protect the SPTEs of the TDP MMU before fetching the bits, all under mmu_lock',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_get_dirty_log_protect' },
    about:
      'As bits-taken-after-write-protect: a fast page fault between the two takes no lock. Its bit is fetched and cleared, and its SPTE stays writable.',
    scenarios: [LOG],
    patches: [
      replace(
        'DL.3',
        clearDirtyPtMasked((kvm) => kvm.dirty_bitmap.elements()),
      ),
      move('DL.3', { before: 'DL.1' }),
    ],
    expect: violated(LOG, ...LOST),
  },
  {
    id: 'tdp-log-enabled-without-grace-period',
    aliases: [],
    title: 'write-protect a slot of the TDP MMU without waiting for faults that saw it without the log',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_swap_active_memslots' },
    about: 'Such a fault maps its page writable behind the write protection, and sets no bit.',
    scenarios: [ENABLE],
    patches: [drop('DE.3')],
    expect: violated(ENABLE, ...LOST),
  },
  {
    id: 'tdp-log-enabled-without-flush',
    aliases: [],
    title: 'do not flush after a slot of the TDP MMU was write-protected',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_mmu_slot_apply_flags' },
    about: 'The yields between the SPTEs do not flush either: the one at the end covers them all.',
    scenarios: [ENABLE],
    patches: [drop('DE.7')],
    expect: violated(ENABLE, ...LOST),
  },
  {
    id: 'tdp-fast-fault-plain-store',
    aliases: [],
    title: 'set W with a plain store in a fast page fault of the TDP MMU',
    status: 'control',
    kernel: { version: 'never merged', function: 'fast_pf_fix_direct_spte' },
    about: 'The store brings an SPTE back that a notifier has zapped meanwhile.',
    scenarios: [NOTIFIER],
    patches: [
      replace(
        'FPF.4',
        step<Kvm>(
          'FPF.4',
          { fn: 'fast_pf_fix_direct_spte', since: 'history', shows: 'WRITE_ONCE(*sptep, W)' },
          {
            does: (kvm, v) => {
              const { fault, gva } = kvm.vcpu[v]
              const { level, spte } = kvm.page[fault.sp as number]
              const entry = spte[index_at(gva, level, spte.length)]
              copy_spte(fault.old_spte[0], entry)
              entry.w = true
            },
          },
        ),
      ),
    ],
    expect: violated(NOTIFIER, 'no-mapping-of-a-lost-page', 'no-tdp-spte-of-a-lost-page'),
  },
  {
    id: 'tdp-fast-fault-without-rcu',
    aliases: [],
    title: 'walk tables of the TDP MMU in a fast page fault outside of RCU',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_tdp_mmu_walk_lockless_begin' },
    about: 'The zap of the root frees the table while the fast page fault is in it.',
    scenarios: [ZAP],
    patches: [drop('FPF.1')],
    expect: violated(ZAP, 'every-access-can-finish', 'no-use-after-free'),
  },
]
