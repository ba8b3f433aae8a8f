import { drop, move } from '../../language/patch.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { Design } from '../design.ts'
import { violated } from '../expectation.ts'

/**
 * Enabling the dirty log: when are the memslots with the flag installed, which readers are waited for, and what
 * happens to pages that are already mapped writable?
 */

const ENABLE = 'dirty-log-enable'
const TWO_FRAMES = 'dirty-log-enable-two-frames'
const MISSING = violated(ENABLE, 'no-write-missing-from-the-dirty-log')

export const enableDirtyLogDesigns: readonly Design<Kvm>[] = [
  {
    id: 'log-enabled-without-grace-period',
    aliases: [],
    title: 'write-protect the slot without waiting for readers of the old memslots',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_swap_active_memslots' },
    about:
      'A fault that looked up the slot before takes mmu_lock after the write-protection, and installs a writable SPTE without a dirty bit.',
    scenarios: [ENABLE],
    patches: [drop('DE.3')],
    expect: MISSING,
  },
  {
    id: 'log-enabled-after-write-protect',
    aliases: [],
    title: 'write-protect the slot before installing the memslots with dirty logging',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_set_memslot' },
    about:
      'Faults in between find the slot without the flag; waiting for them afterwards does not undo what they mapped.',
    scenarios: [ENABLE],
    patches: [move('DE.2', { after: 'DE.6' }), move('DE.3', { after: 'DE.2' })],
    expect: MISSING,
  },
  {
    id: 'log-enabled-without-write-protect',
    aliases: [],
    title: 'enable dirty logging without write-protecting the slot',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_mmu_slot_apply_flags' },
    about: 'Without DE.5 the guest writes to pages that are already mapped writable without a fault.',
    scenarios: [ENABLE],
    patches: [drop('DE.5')],
    expect: MISSING,
  },
  {
    id: 'log-enabled-without-flush',
    aliases: [],
    title: 'enable dirty logging without a TLB flush',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_mmu_slot_apply_flags' },
    about:
      'Without DE.7 the guest keeps writing through its TLB. The kernel flushes unconditionally here, whether or not it found a writable SPTE.',
    scenarios: [ENABLE],
    patches: [drop('DE.7')],
    expect: MISSING,
  },
  {
    id: 'log-enabled-with-one-flush-in-the-break',
    aliases: [],
    title: 'flush when mmu_lock is dropped between two rmaps, and not after the last',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'walk_slot_rmaps' },
    about: 'What the walk protects after the break stays writable in TLBs.',
    scenarios: [TWO_FRAMES],
    patches: [move('DE.7', { after: 'DE.5' })],
    expect: violated(TWO_FRAMES, 'no-write-missing-from-the-dirty-log'),
  },
]
