import type { ActionProperty } from '../../model/language/property.ts'
import type { Bounds } from '../../model/memory/bounds.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'

export const lockedRmapDoesNotChange: ActionProperty<Kvm> = {
  kind: 'action',
  id: 'locked-rmap-does-not-change',
  aliases: [],
  title: 'No SPTE is added to, or taken off, an rmap that is being walked without mmu_lock.',
  when: 'while KVM_RMAP_LOCKED is set',
  reference: 'kvm_rmap_lock() in pte_list_add(), pte_list_remove() and kvm_zap_all_rmap_sptes(), v6.15',
  consequence: 'The walk follows a descriptor that is freed, or that is being changed.',
  judgedWhere: ({ aging }: Bounds) => aging.calls > 0,
  given: (before) => all(before.rmap_locked).some((gfn) => before.rmap_locked[gfn]),
  holds: (before, _step, after) =>
    all(before.rmap_locked).every((gfn) => !before.rmap_locked[gfn] || is_same(before, after, gfn)),
}

function is_same(before: Kvm, after: Kvm, gfn: number): boolean {
  return all(before.rmap[gfn]).every((page) => {
    const [was, is] = [before.rmap[gfn][page], after.rmap[gfn][page]]
    return all(before.page[page].spte).every((index) => was.has(index) === is.has(index))
  })
}
