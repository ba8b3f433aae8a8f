import { isAt, places } from '../../model/language/places.ts'
import type { Invariant } from '../../model/language/property.ts'
import type { Counters } from '../../model/language/system.ts'
import { slots_vanish } from '../../model/memory/bounds.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { slot_found } from '../../model/memory/memslots/memslot.ts'
import { all } from '../primitives/guest-mode.ts'

const HAS_WAITED = places((path) => /^SL\.[567]/.test(path))
const STORES_SPTE = places((path) => path === 'PF/SET.4' || path === 'PF/SET.6')
const STORES_TDP_SPTE = places((path) => path === 'TDP/P12')
const HAS_PAGE = places((path) => path.endsWith('/GET.end'))

export const nothingAddedToAnInvalidSlot: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'nothing-added-to-an-invalid-slot',
  aliases: ['I-22'],
  title:
    'After the grace period that follows flagging a memslot INVALID, no page fault maps a gfn of it, and no shadow page of a table in it is built or used anew.',
  when: 'from the end of the first synchronize_srcu() of the deletion',
  reference: 'kvm_invalidate_memslot(), kvm_faultin_pfn()',
  consequence: 'The SPTE escapes the zap that follows and outlives the slot.',
  judgedWhere: slots_vanish,
  given: (kvm, at) => waited(at) && all(kvm.slot).some((s) => kvm.slot[s].installed !== 'valid'),
  holds: (kvm, at) => !waited(at) || all(kvm.vcpu).every((v) => !adds_to_a_dying_slot(kvm, at, v)),
}

/** The deletion is past its first grace period. */
function waited(at: Counters): boolean {
  return isAt(at.memslot, 0, HAS_WAITED)
}

function adds_to_a_dying_slot(kvm: Kvm, at: Counters, v: number): boolean {
  const { child, gpte, pfn } = kvm.vcpu[v].fault
  if (isAt(at.vcpu, v, STORES_SPTE)) return is_dying(kvm, gpte[0].to)
  // Without a page it is an MMIO SPTE.
  if (isAt(at.vcpu, v, STORES_TDP_SPTE)) return pfn !== null && is_dying(kvm, gpte[0].to)
  // A shadow page that was just built or found for the fault, or for a root.
  return isAt(at.vcpu, v, HAS_PAGE) && child !== null && is_dying(kvm, kvm.page[child].gfn)
}

function is_dying(kvm: Kvm, gfn: number | null): boolean {
  return gfn !== null && slot_found(kvm, gfn) !== 'valid'
}
