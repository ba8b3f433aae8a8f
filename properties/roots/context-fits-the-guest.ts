import type { Invariant } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all, in_guest } from '../primitives/guest-mode.ts'

/** `built_pae` is a history variable: CR4.PAE when the page was built. */
export const contextFitsTheGuest: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'context-fits-the-guest',
  aliases: ['I-26'],
  title:
    'The MMU context walks guest page tables in the format that the guest uses, and its root was built for that format.',
  when: 'while the vCPU runs L1',
  reference: 'kvm_init_mmu(), kvm_mmu_page_role: two contexts that differ never compare equal',
  consequence:
    '4-byte entries are read as 8-byte entries (or vice versa), and addresses translate to the wrong frames.',
  given: (kvm, at) => all(kvm.vcpu).some((v) => in_guest(at, v) && !kvm.vcpu[v].nested),
  holds: (kvm, at) =>
    all(kvm.vcpu).every((v) => {
      const { root, cr4_pae, walks_pae, nested } = kvm.vcpu[v]
      if (!in_guest(at, v) || nested) return true
      // The entries of a direct page do not depend on any guest table.
      const built = root === null || kvm.page[root].role_direct || kvm.page[root].built_pae === cr4_pae
      return walks_pae === cr4_pae && built
    }),
}
