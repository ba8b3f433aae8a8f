import type { ActionProperty, StepView } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'

/** The guest never clears a D bit in this model, so an SPTE that was writable may stay writable. */
export const noAccessTakenByAFault: ActionProperty<Kvm> = {
  kind: 'action',
  class: 'precision',
  id: 'no-access-taken-by-a-fault',
  aliases: [],
  title: 'A page fault that overwrites a leaf SPTE of the same gfn does not remove its write permission.',
  when: 'whenever a page fault stores a leaf SPTE over another',
  reference: 'mmu_set_spte(); 5fd5387c89ec "fix conflict access permissions in direct sp", v2.6.35',
  consequence:
    'A vCPU that reaches the shadow page with more access faults again on a write that was already mapped.',
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

/** The shadow page that SET.4 is about to store to, if it already has a leaf for the gfn. */
function found_leaf(kvm: Kvm, { kind, self, path }: StepView): number | null {
  if (kind !== 'vcpu' || !path.endsWith('/SET.4')) return null
  const { sp, gpte } = kvm.vcpu[self].fault
  if (sp === null) return null
  const { spte } = kvm.page[sp]
  return all(spte).some((i) => spte[i].kind === 'leaf' && spte[i].gfn === gpte[0].to) ? sp : null
}
