import { type Program, program } from '../../language/program.ts'
import type { Bounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { MOVED } from '../../memory/memslots/memslot.ts'
import { installMemslots, type MemslotsUpdate } from '../primitives/install-memslots.ts'
import { byWayOfInvalid, GONE } from './memslot-delete.ts'

/** SL.6: memslots without the old slot and with the new one. */
export const REPLACED: MemslotsUpdate = {
  shows: `slot 0 is gone, slot ${MOVED} has its memory at another base_gfn`,
  does: (kvm) => {
    GONE.does(kvm)
    kvm.slot[MOVED].arrays = 'allocated'
    kvm.slot[MOVED].installed = 'valid'
  },
}

/**
 * Moves the memory of memslot 0 to the frames of slot 1 (KVM_MR_MOVE: another base_gfn, the same
 * userspace_addr). Like a deletion, but the second set of memslots has the slot at its new place, with new arrays,
 * which until then are private to this thread (edd4fa37baa6, v5.7).
 */
export function memslotMove(bounds: Bounds): Program<Kvm> {
  const replaced: MemslotsUpdate = { ...REPLACED, newGeneration: bounds.memslots.mmio }
  return program<Kvm>(
    'memslot',
    'moves memslot 0',
    byWayOfInvalid(bounds, installMemslots('SL.6', replaced)),
    { fn: 'kvm_set_memslot' },
  )
}
