import type { ActionProperty } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'

/** `shadowed_again` is history: a page for the frame was built since the instruction was first refused. */
export const emulationFailsOnlyWhenShadowedAgain: ActionProperty<Kvm> = {
  kind: 'action',
  id: 'emulation-fails-only-when-shadowed-again',
  aliases: [],
  title:
    'Userspace is told that emulation failed only if a shadow page for the frame was built after the instruction was first refused.',
  when: 'whenever KVM gives up on an instruction',
  reference:
    'kvm_mmu_write_protect_fault(), last_retry_eip and last_retry_addr, v6.12; shadow-mmu.md 12.1 (H3)',
  consequence: 'A guest is killed although nothing had stood in the way of retrying its instruction.',
  given: (_before, step) => step.path === 'WP/RX.fail',
  holds: (before, step) => before.vcpu[step.self].shadowed_again,
}
