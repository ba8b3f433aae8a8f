import type { ActionProperty, StepView } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { parents_of } from '../../model/memory/shadow/rmap.ts'
import { accounted_pages } from '../../model/memory/shadow/write-tracking.ts'
import { all } from '../primitives/guest-mode.ts'

export const freedPageIsUnreferenced: ActionProperty<Kvm> = {
  kind: 'action',
  id: 'freed-page-is-unreferenced',
  aliases: ['I-9'],
  title:
    'A shadow page that is freed is invalid, has no present SPTEs, no parents and a root_count of 0, is not on active_mmu_pages, and does not count as a shadowed table any more.',
  when: 'whenever kvm_mmu_commit_zap_page() frees a page (CM.3)',
  reference: 'kvm_mmu_commit_zap_page(), __kvm_mmu_prepare_zap_page()',
  consequence: 'Something still points to memory that has been reused.',
  judgedWhere: () => true,
  given: (before, step, after) => freed(before, step, after).length > 0,
  // The page that is freed is invalid, so accounted_pages() leaves it out. mmu_lock is held: no other page is half built.
  holds: (before, step, after) =>
    (freed(before, step, after).length === 0 ||
      before.indirect_shadow_pages <= accounted_pages(before).length) &&
    freed(before, step, after).every((p) => {
      const { role_invalid, root_count, spte } = before.page[p]
      return (
        role_invalid &&
        root_count === 0 &&
        all(spte).every((i) => spte[i].kind === 'none') &&
        parents_of(before, p).length === 0 &&
        all(before.active_mmu_pages).every((i) => before.active_mmu_pages[i] !== p)
      )
    }),
}

function freed(before: Kvm, { path }: StepView, after: Kvm): number[] {
  if (!path.endsWith('CM.3')) return []
  return all(before.page).filter((p) => before.page[p].list !== 'free' && after.page[p].list === 'free')
}
