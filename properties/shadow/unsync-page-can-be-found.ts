import type { Invariant } from '../../model/language/property.ts'
import { type Kvm, mmu_lock_is_free } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'

export const unsyncPageCanBeFound: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'unsync-page-can-be-found',
  aliases: ['I-17'],
  title: 'Every non-leaf SPTE that leads to an unsync page is marked in the unsync_child_bitmap of its page.',
  when: 'while mmu_lock is free',
  reference: 'kvm_mmu_mark_parents_unsync(), link_shadow_page(), __mmu_unsync_walk()',
  consequence: 'A guest TLB flush misses the page, and the guest keeps using translations it has flushed.',
  given: (kvm) => mmu_lock_is_free(kvm) && all(kvm.page).some((p) => kvm.page[p].unsync),
  holds: (kvm) =>
    all(kvm.page).every((p) =>
      all(kvm.page[p].spte).every((i) => {
        const { kind, child } = kvm.page[p].spte[i]
        if (kind !== 'non-leaf') return true
        const { unsync, unsync_child_bitmap } = kvm.page[child as number]
        return (!unsync && unsync_child_bitmap.isEmpty()) || kvm.page[p].unsync_child_bitmap.has(i)
      }),
    ),
}
