import { drop, move, replace } from '../../language/patch.ts'
import { step } from '../../language/program.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { root_name } from '../../memory/roots/mmu.ts'
import type { Design } from '../design.ts'
import { violated } from '../expectation.ts'

/**
 * Deliberate bugs, each of which violates one of the properties of roots: they show that those properties can
 * fail.
 */
export const rootCalibrationDesigns: readonly Design<Kvm>[] = [
  {
    id: 'entry-without-final-check',
    aliases: [],
    title: 'drop the final check for requests in vcpu_enter_guest()',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'vcpu_enter_guest' },
    about:
      'A request sent after the last kvm_check_request() and before the mode is IN_GUEST_MODE finds the vCPU outside guest mode and sends no IPI; without the final check the vCPU does not see it before the next exit.',
    scenarios: ['roots-zap-one'],
    patches: [replace('RUN.8', step<Kvm>('RUN.8', { fn: 'vcpu_enter_guest', shows: 'enter the guest' }))],
    expect: violated(
      'roots-zap-one',
      'no-request-unnoticed-in-guest-mode',
      'no-guest-on-a-root-after-its-request',
    ),
  },
  {
    id: 'evicted-root-not-put',
    aliases: [],
    title: 'do not decrement root_count when a root is evicted from prev_roots',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'mmu_free_root_page' },
    about: 'The page stays pinned without a holder, and is never freed after it was zapped.',
    scenarios: ['roots-zap-one'],
    patches: [replace('NP.4 free/FR.3', forgetRoot())],
    expect: violated('roots-zap-one', 'root-count-is-number-of-holders'),
  },
  {
    id: 'commit-without-flush',
    aliases: [],
    title: 'free zapped pages without flushing TLBs',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_mmu_commit_zap_page' },
    about: 'Translations cached below a root outlive it in a TLB.',
    scenarios: ['roots-zap-one'],
    patches: [drop('CM.2')],
    expect: violated('roots-zap-one', 'no-tlb-entry-of-a-freed-root'),
  },
  {
    id: 'early-return-with-lock-held',
    aliases: [],
    title: 'take mmu_lock before testing the roots, and return early without dropping it',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_mmu_free_roots' },
    about:
      'As request-before-invalid-tested-under-lock (R4), but the early return is now inside the critical section.',
    scenarios: ['roots-zap-one'],
    patches: [move('RUN.1/FR.2', { before: 'OB.1' })],
    expect: violated('roots-zap-one', 'no-deadlock'),
  },
]

/** The root slot is emptied, but root_count is not decremented. */
function forgetRoot() {
  return step<Kvm>(
    'FR.3',
    {
      fn: 'kvm_mmu_free_roots',
      shows: (kvm, v) => `root = INVALID_PAGE (was ${root_name(kvm, kvm.vcpu[v].root)})`,
    },
    {
      does: (kvm, v) => {
        kvm.vcpu[v].root = null
        kvm.vcpu[v].roots_to_free.clear()
      },
    },
  )
}
