import type { Invariant } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { is_obsolete_sp } from '../../model/memory/shadow/shadow-page.ts'

export const obsoletePagesAreOldest: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'obsolete-pages-are-oldest',
  aliases: ['I-23'],
  title: 'On active_mmu_pages all obsolete pages are closer to the tail than all current ones.',
  when: 'always',
  reference: 'kvm_zap_obsolete_pages(): stops at the first page that is not obsolete',
  consequence: 'The walk from the tail stops too early and leaves obsolete pages behind.',
  given: (kvm) => obsolete(kvm).includes(true),
  holds: (kvm) => obsolete(kvm).lastIndexOf(true) < firstCurrent(kvm),
}

/** For each active page, from the tail to the head, whether it is obsolete. */
function obsolete(kvm: Kvm): boolean[] {
  return [...kvm.active_mmu_pages].flatMap((page) => (page === null ? [] : [is_obsolete_sp(kvm, page)]))
}

function firstCurrent(kvm: Kvm): number {
  const at = obsolete(kvm).indexOf(false)
  return at < 0 ? Number.POSITIVE_INFINITY : at
}
