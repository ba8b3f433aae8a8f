import type { ActionProperty, StepView } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'

/** Dirty bits of the guest never go away here, so that what was writable may stay so. */
export const noAccessTakenByAFault: ActionProperty<Kvm> = {
  kind: 'action',
  class: 'precision',
  id: 'no-access-taken-by-a-fault',
  aliases: [],
  title: 'A page fault that finds an SPTE for its frame does not take write permission from it.',
  when: 'whenever a page fault stores a leaf SPTE over another',
  reference: 'mmu_set_spte(); 5fd5387c89ec "fix conflict access permissions in direct sp", v2.6.35',
  consequence:
    'Whoever reaches the same shadow page with more access faults again on a write that was mapped already.',
  given: (before, step) => found_leaf(before, step) !== null,
  holds: (before, step, after) => {
    const found = found_leaf(before, step)
    if (found === null) return true
    return !all(before.page[found].spte).some((i) => {
      const old = before.page[found].spte[i]
      return old.kind === 'leaf' && old.w && !after.page[found].spte[i].w
    })
  },
}

/** The page in which a fault's SET.4 is about to store, if a leaf is there already. */
function found_leaf(kvm: Kvm, { kind, self, path }: StepView): number | null {
  if (kind !== 'vcpu' || !path.endsWith('/SET.4')) return null
  const { sp, gpte } = kvm.vcpu[self].fault
  if (sp === null) return null
  const { spte } = kvm.page[sp]
  return all(spte).some((i) => spte[i].kind === 'leaf' && spte[i].gfn === gpte[0].to) ? sp : null
}
