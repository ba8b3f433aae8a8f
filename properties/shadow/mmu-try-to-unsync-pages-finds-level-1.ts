import type { Invariant } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'

export const mmuTryToUnsyncPagesFindsLevel1: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'mmu-try-to-unsync-pages-finds-level-1',
  aliases: [],
  title: 'Only shadow pages of level 1 are unsync.',
  when: 'always',
  reference: 'WARN_ON_ONCE(sp->role.level != PG_LEVEL_4K) in mmu_try_to_unsync_pages()',
  consequence: 'A sync reads the SPTEs of the page as leaves, and what they link is lost.',
  given: (kvm) => all(kvm.page).some((p) => kvm.page[p].unsync),
  holds: (kvm) => all(kvm.page).every((p) => !kvm.page[p].unsync || kvm.page[p].level === 1),
}
