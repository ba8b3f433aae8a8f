import type { Invariant } from '../../model/language/property.ts'
import { same_mmu_kind, same_pgd } from '../../model/memory/fault/async-pf.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'

/**
 * The walk of a prefault is made anew, below the root of the moment, so that what it installs is right there:
 * it is only not what was asked for. The other properties of these scenarios say so.
 */
export const pageIsPrefaultedInItsOwnContext: Invariant<Kvm> = {
  kind: 'invariant',
  class: 'precision',
  id: 'page-is-prefaulted-in-its-own-context',
  aliases: [],
  title:
    'A page that was swapped in is prefaulted only in the context in which it was missing: the same MMU and, unless that is direct, the same page directory.',
  when: 'while KVM handles a fault that it has made itself',
  reference: 'kvm_arch_async_page_ready(); c4806acdcec0, fb67e14fc90f, v2.6.38',
  consequence:
    'An address of one address space is looked up in another: what is mapped there, and marked accessed, is something that nobody has touched.',
  given: (kvm) => all(kvm.vcpu).some((v) => kvm.vcpu[v].prefetch),
  holds: (kvm) =>
    all(kvm.vcpu).every((v) => !kvm.vcpu[v].prefetch || (same_mmu_kind(kvm, v) && same_pgd(kvm, v))),
}
