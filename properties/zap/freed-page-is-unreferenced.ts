import type { ActionProperty, StepView } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { parents_of } from '../../model/memory/shadow/rmap.ts'
import { all } from '../primitives/guest-mode.ts'

export const freedPageIsUnreferenced: ActionProperty<Kvm> = {
  kind: 'action',
  id: 'freed-page-is-unreferenced',
  aliases: ['I-9'],
  title:
    "A shadow page that is freed is invalid, maps nothing, has no parents, is nobody's root, and is on no other list.",
  when: 'whenever kvm_mmu_commit_zap_page() frees a page (the steps CM.3)',
  reference: 'kvm_mmu_commit_zap_page(), __kvm_mmu_prepare_zap_page()',
  consequence: 'Something still leads to memory that belongs to somebody else now.',
  given: (before, step, after) => freed(before, step, after).length > 0,
  holds: (before, step, after) =>
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
