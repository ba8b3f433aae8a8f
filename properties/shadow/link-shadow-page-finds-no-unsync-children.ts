import type { ActionProperty } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { type SpteChange, spte_changes } from './spte-changes.ts'

export const linkShadowPageFindsNoUnsyncChildren: ActionProperty<Kvm> = {
  kind: 'action',
  id: 'link-shadow-page-finds-no-unsync-children',
  aliases: [],
  title: 'A shadow page is linked only when no page below it is unsync.',
  when: 'whenever a page fault links a page (FETCH.6)',
  reference: 'WARN_ON_ONCE(sp->unsync_children) in __link_shadow_page()',
  consequence: 'The new path shows translations that the guest changed before it made the path present.',
  given: (before, { path }, after) => path.endsWith('/FETCH.6') && spte_changes(before, after).some(is_link),
  holds: (before, { path }, after) =>
    !path.endsWith('/FETCH.6') ||
    spte_changes(before, after).every(
      (change) => !is_link(change) || before.page[change.now.child as number].unsync_child_bitmap.isEmpty(),
    ),
}

function is_link({ now }: SpteChange): boolean {
  return now.kind === 'non-leaf'
}
