import type { ActionProperty } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'

/** `shadowed_again` is a history variable: a page for the gfn was built after the store was first stopped. */
export const emulationFailsOnlyWhenShadowedAgain: ActionProperty<Kvm> = {
  kind: 'action',
  id: 'emulation-fails-only-when-shadowed-again',
  aliases: [],
  title:
    'KVM reports an emulation failure only if a shadow page for the gfn was built after write protection first stopped the store.',
  when: 'whenever KVM gives up on an instruction',
  reference: 'kvm_mmu_write_protect_fault(), last_retry_eip and last_retry_addr, v6.12',
  consequence: 'Userspace kills a guest whose instruction would have succeeded when retried.',
  given: (_before, step) => step.path === 'WP/RX.fail',
  holds: (before, step) => before.vcpu[step.self].shadowed_again,
}
