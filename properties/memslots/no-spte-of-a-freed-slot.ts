import type { Invariant } from '../../model/language/property.ts'
import { slots_vanish } from '../../model/memory/bounds.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { sp_has_gptes } from '../../model/memory/shadow/shadow-page.ts'
import { all } from '../primitives/guest-mode.ts'

export const noSpteOfAFreedSlot: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'no-spte-of-a-freed-slot',
  aliases: ['I-21', 'I18'],
  title:
    'Once the arrays of a memslot are freed, no SPTE maps a gfn of it and no valid shadow page shadows a table in it.',
  when: 'once kvm_free_memslot() has freed the arrays',
  reference: 'kvm_arch_flush_shadow_memslot(), rmap_remove(), unaccount_shadowed()',
  consequence: 'Zapping the shadow page later follows a NULL or dangling memslot pointer.',
  judgedWhere: slots_vanish,
  given: (kvm) => all(kvm.slot).some((s) => kvm.slot[s].arrays === 'freed'),
  holds: (kvm) =>
    all(kvm.page).every((p) => {
      const { list, role_invalid, gfn, spte } = kvm.page[p]
      if (list === 'free') return true
      // A direct page shadows no table: a fault for MMIO builds one for the frames of a slot that is gone.
      if (!role_invalid && sp_has_gptes(kvm, p) && freed(kvm, gfn)) return false
      return [...spte].every((entry) => entry.kind !== 'leaf' || !freed(kvm, entry.gfn))
    }),
}

function freed(kvm: Kvm, gfn: number | null): boolean {
  const slot = gfn === null ? null : kvm.slot_of_gfn[gfn]
  return slot !== null && kvm.slot[slot].arrays === 'freed'
}
