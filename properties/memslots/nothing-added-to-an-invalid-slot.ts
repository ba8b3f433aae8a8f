import type { Invariant } from '../../model/language/property.ts'
import type { Counters } from '../../model/language/system.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { slot_found } from '../../model/memory/memslots/memslot.ts'
import { all } from '../primitives/guest-mode.ts'

export const nothingAddedToAnInvalidSlot: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'nothing-added-to-an-invalid-slot',
  aliases: ['I-22'],
  title: 'After the grace period that follows flagging a memslot INVALID, no page fault maps a gfn of it.',
  when: 'from the end of the first synchronize_srcu() of the deletion',
  reference: 'kvm_invalidate_memslot(), kvm_faultin_pfn()',
  consequence: 'The SPTE escapes the zap that follows and outlives the slot.',
  given: (kvm, at) => waited(at) && all(kvm.slot).some((s) => kvm.slot[s].installed !== 'valid'),
  holds: (kvm, at) => !waited(at) || all(kvm.vcpu).every((v) => !adds_to_a_dying_slot(kvm, at, v)),
}

/** The deletion is past its first grace period. */
function waited(at: Counters): boolean {
  return /^SL\.[567]/.test(at.memslot[0])
}

function adds_to_a_dying_slot(kvm: Kvm, at: Counters, v: number): boolean {
  if (at.vcpu[v] !== 'PF/SET.4' && at.vcpu[v] !== 'PF/SET.6') return false
  const gfn = kvm.vcpu[v].fault.gpte[0].to
  return gfn !== null && slot_found(kvm, gfn) !== 'valid'
}
