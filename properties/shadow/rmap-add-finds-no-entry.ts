import type { ActionProperty } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { index_at } from '../../model/memory/primitives/guest-memory.ts'

/** An rmap of the model is a set, in which a second entry would not be seen. */
export const rmapAddFindsNoEntry: ActionProperty<Kvm> = {
  kind: 'action',
  id: 'rmap-add-finds-no-entry',
  aliases: [],
  title: 'An SPTE that is added to an rmap is not on it yet.',
  when: 'whenever a page fault adds an SPTE to an rmap (SET.6)',
  reference: 'was_rmapped in mmu_set_spte(); pte_list_add() does not look for the entry',
  consequence: 'One of the two entries stays when the SPTE is cleared, and outlives the shadow page.',
  given: (before, { path, self }) => adds(before, path, self),
  holds: (before, { path, self }) => {
    if (!adds(before, path, self)) return true
    const { gva, fault } = before.vcpu[self]
    const page = fault.sp as number
    const { spte } = before.page[page]
    const index = index_at(gva, 1, spte.length)
    const gfn = spte[index].gfn ?? fault.gpte[0].to
    return !before.rmap[gfn as number][page].has(index)
  },
}

const adds = (kvm: Kvm, path: string, v: number): boolean =>
  path.endsWith('PF/SET.6') && !kvm.vcpu[v].fault.was_rmapped
