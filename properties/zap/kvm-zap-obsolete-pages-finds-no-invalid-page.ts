import type { Invariant } from '../../model/language/property.ts'
import type { Counters } from '../../model/language/system.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'

export const kvmZapObsoletePagesFindsNoInvalidPage: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'kvm-zap-obsolete-pages-finds-no-invalid-page',
  aliases: [],
  title: 'The walk for obsolete pages meets no page on active_mmu_pages that was zapped before.',
  when: 'at each turn of the walk (ZF.5)',
  reference: 'WARN_ON_ONCE(sp->role.invalid) in kvm_zap_obsolete_pages()',
  consequence: 'The page is skipped, stays on the list and is never freed.',
  given: walks,
  holds: (kvm, at) =>
    !walks(kvm, at) ||
    all(kvm.active_mmu_pages).every((i) => {
      const page = kvm.active_mmu_pages[i]
      return page === null || !kvm.page[page].role_invalid
    }),
}

function walks(kvm: Kvm, at: Counters): boolean {
  return all(kvm.memslot).some((m) => at.memslot[m].endsWith('ZF.5'))
}
