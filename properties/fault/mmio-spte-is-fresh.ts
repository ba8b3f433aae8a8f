import type { Invariant } from '../../model/language/property.ts'
import { check_mmio_spte } from '../../model/machines/fault/mmio.ts'
import { tags_mmio } from '../../model/memory/bounds.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { slot_found } from '../../model/memory/memslots/memslot.ts'
import { all } from '../primitives/guest-mode.ts'

export const mmioSpteIsFresh: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'mmio-spte-is-fresh',
  aliases: ['I-27', 'I19'],
  title: 'No MMIO SPTE of a gfn that has a memslot carries the current memslot generation.',
  when: 'while no memslot update is in progress',
  reference: 'check_mmio_spte(), kvm_swap_active_memslots()',
  consequence: 'Accesses to the memory are emulated as MMIO until the next memslot update.',
  judgedWhere: tags_mmio,
  given: (kvm) => !kvm.memslots.update_in_progress && mmio_sptes(kvm).length > 0,
  holds: (kvm) =>
    kvm.memslots.update_in_progress ||
    mmio_sptes(kvm).every(({ gfn, gen }) => slot_found(kvm, gfn) === 'none' || !check_mmio_spte(kvm, gen)),
}

function mmio_sptes(kvm: Kvm): { gfn: number; gen: number }[] {
  return all(kvm.page).flatMap((p) =>
    [...kvm.page[p].spte].flatMap(({ kind, gfn, gen }) =>
      kind === 'mmio' && gfn !== null ? [{ gfn, gen }] : [],
    ),
  )
}
