import { drop, move } from '../../language/patch.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { Design } from '../design.ts'
import { violated } from '../expectation.ts'

/**
 * The dirty log is switched on (tdp-notifier-requests.md 3.7): when is the slot published, who is waited for,
 * and what is done to pages that are mapped writable already?
 */

const ENABLE = 'dirty-log-enable'
const MISSING = violated(ENABLE, 'no-write-missing-from-the-dirty-log')

export const enableDirtyLogDesigns: readonly Design<Kvm>[] = [
  {
    id: 'log-enabled-without-grace-period',
    aliases: [],
    title:
      'the slot is write-protected as soon as the flag is published, without waiting for readers of the old set',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_swap_active_memslots' },
    about:
      'A fault that has looked the slot up before takes mmu_lock after the write-protection: a writable SPTE, and no bit.',
    scenarios: [ENABLE],
    patches: [drop('DE.3')],
    expect: MISSING,
  },
  {
    id: 'log-enabled-after-write-protect',
    aliases: [],
    title: 'the slot is write-protected first, and published with dirty logging second',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_set_memslot' },
    about:
      'Faults in between find the slot without the log; waiting for them afterwards does not undo what they map.',
    scenarios: [ENABLE],
    patches: [move('DE.2', { after: 'DE.6' }), move('DE.3', { after: 'DE.2' })],
    expect: MISSING,
  },
  {
    id: 'log-enabled-without-write-protect',
    aliases: [],
    title: 'dirty logging is switched on and the SPTEs are left as they are',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_mmu_slot_apply_flags' },
    about: 'DE.5 left out: pages that are mapped writable already are written without a fault.',
    scenarios: [ENABLE],
    patches: [drop('DE.5')],
    expect: MISSING,
  },
  {
    id: 'log-enabled-without-flush',
    aliases: [],
    title: 'dirty logging is switched on without a flush of the TLBs',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_mmu_slot_apply_flags' },
    about:
      'DE.7 left out. The kernel flushes whatever it found, so that nobody has to know what TLBs may hold.',
    scenarios: [ENABLE],
    patches: [drop('DE.7')],
    expect: MISSING,
  },
]
