import type { Invariant } from '../../model/language/property.ts'
import { same_mmu_kind, same_pgd } from '../../model/memory/fault/async-pf.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'

/**
 * A prefault walks the guest tables again, below the current root, so what it installs is correct there; it
 * is just not what was asked for. Other properties of these scenarios check the correctness.
 */
export const pageIsPrefaultedInItsOwnContext: Invariant<Kvm> = {
  kind: 'invariant',
  class: 'precision',
  id: 'page-is-prefaulted-in-its-own-context',
  aliases: [],
  title:
    'A page that was swapped in is prefaulted only in the context that faulted on it: the same MMU and, unless that is direct, the same page directory.',
  when: 'while KVM handles a prefault (fault->prefetch)',
  reference: 'kvm_arch_async_page_ready(); c4806acdcec0, fb67e14fc90f, v2.6.38',
  consequence:
    'KVM walks an address of one address space in another, and maps and marks accessed a page that the guest has not touched.',
  given: (kvm) => all(kvm.vcpu).some((v) => kvm.vcpu[v].prefetch),
  holds: (kvm) =>
    all(kvm.vcpu).every((v) => !kvm.vcpu[v].prefetch || (same_mmu_kind(kvm, v) && same_pgd(kvm, v))),
}
