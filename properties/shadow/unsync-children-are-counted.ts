import type { Invariant } from '../../model/language/property.ts'
import { type Kvm, mmu_lock_is_free } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'

export const unsyncChildrenAreCounted: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'unsync-children-are-counted',
  aliases: [],
  title: 'sp->unsync_children is the number of entries of the page that lead to an unsync page.',
  when: 'while mmu_lock is free',
  reference: 'mark_unsync(), clear_unsync_child_bit(); ce25681d59ff, v5.14',
  consequence:
    'The counter reaches 0 too early, and a guest TLB flush does not sync the page, so that the guest keeps using translations it has changed. Or it never reaches 0, and every flush walks for nothing.',
  given: (kvm) => mmu_lock_is_free(kvm) && all(kvm.page).some((p) => kvm.page[p].unsync),
  holds: (kvm) =>
    !mmu_lock_is_free(kvm) ||
    all(kvm.page).every((p) => {
      const { unsync_children, spte } = kvm.page[p]
      if (unsync_children.length === 0) return true
      const unsync = all(spte).filter((i) => {
        const { kind, child } = spte[i]
        if (kind !== 'non-leaf') return false
        const { unsync, unsync_child_bitmap } = kvm.page[child as number]
        return unsync || !unsync_child_bitmap.isEmpty()
      })
      return unsync_children[0] === unsync.length
    }),
}
