import { drop, move, replace } from '../../language/patch.ts'
import { step } from '../../language/program.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { Design } from '../design.ts'
import { violated } from '../expectation.ts'

/**
 * Changes that nobody proposed, each of which one property of the roots must notice: they show that those
 * properties have teeth.
 */
export const rootCalibrationDesigns: readonly Design<Kvm>[] = [
  {
    id: 'entry-without-final-check',
    aliases: [],
    title: 'vcpu_enter_guest() enters the guest without looking at requests once more',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'vcpu_enter_guest' },
    about:
      'A request made after the last kvm_check_request() and before the mode is IN_GUEST_MODE finds the vCPU outside and sends no IPI; without the final check nobody looks at it before the next exit.',
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
    title: 'a root that falls out of the PGD cache keeps its root_count',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'mmu_free_root_page' },
    about: 'The page stays pinned by a slot that no longer holds it, and is never freed once it is zapped.',
    scenarios: ['roots-zap-one'],
    patches: [replace('NP.4 free/FR.3', forgetRoot())],
    expect: violated('roots-zap-one', 'root-count-is-number-of-holders'),
  },
  {
    id: 'commit-without-flush',
    aliases: [],
    title: 'zapped pages are freed without flushing TLBs',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_mmu_commit_zap_page' },
    about: 'Translations found below a root may outlive it in a TLB.',
    scenarios: ['roots-zap-one'],
    patches: [drop('CM.2')],
    expect: violated('roots-zap-one', 'no-tlb-entry-of-a-freed-root'),
  },
  {
    id: 'early-return-with-lock-held',
    aliases: [],
    title: 'mmu_lock is taken before the roots are tested, and kept when there is nothing to free',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_mmu_free_roots' },
    about:
      'As request-before-invalid-tested-under-lock (R4), forgetting that the early return is now inside the section.',
    scenarios: ['roots-zap-one'],
    patches: [move('RUN.1/FR.2', { before: 'OB.1' })],
    expect: violated('roots-zap-one', 'no-deadlock'),
  },
]

/** The slot is emptied and the page not told. */
function forgetRoot() {
  return step<Kvm>(
    'FR.3',
    { fn: 'kvm_mmu_free_roots', shows: (kvm, v) => `root = INVALID_PAGE (was ${kvm.vcpu[v].root})` },
    {
      does: (kvm, v) => {
        kvm.vcpu[v].root = null
        kvm.vcpu[v].roots_to_free.clear()
      },
    },
  )
}
