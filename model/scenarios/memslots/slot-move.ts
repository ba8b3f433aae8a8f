import { type BoundsInput, mergeBounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { scenario } from '../build-scenario.ts'
import type { Scenario } from '../scenario.ts'
import { map, type Start } from '../start.ts'
import { HOST_PAGE_PROPERTIES, SLOT_PROPERTIES } from './slots.ts'

/** The memory at gfn 1 moves to gfn 2; the guest table maps both. */
const MOVE: BoundsInput = {
  guest: { gvas: 2, gfns: 3 },
  host: { pfns: 3 },
  memslots: { slots: 2, of: [null, 0, 1], moves: 1 },
}
const BOTH_FRAMES: Start = { tables: [[1, 2]], pages: [{ gfn: 0, level: 1 }] }

/** A memslot that keeps its memory and changes its gfns. */
export const slotMoveScenarios: readonly Scenario<Kvm>[] = [
  scenario({
    id: 'slot-move',
    title: 'a memslot is moved to other gfns while the host takes its page away',
    about:
      'A notifier gets an hva and looks up the gfns that currently map to it. It cannot reach an SPTE of the old gfn once the slot is installed at the new one. The vCPU has the old gfn mapped, and may access both.',
    bounds: mergeBounds(MOVE, { shadow: { pages: 2 }, notifier: { threads: 1, invalidations: 1, of: [1] } }),
    start: { ...BOTH_FRAMES, begin: (kvm) => map(kvm, 0, 0, 1, true) },
    properties: [...SLOT_PROPERTIES, ...HOST_PAGE_PROPERTIES, 'notifier-finds-an-invalid-slot'],
  }),
  scenario({
    id: 'slot-move-fault',
    title: 'a memslot is moved and zapped gfn by gfn while a vCPU faults on the old and the new gfns',
    about:
      'As slot-delete-fault: only the INVALID phase and the two grace periods keep a fault from mapping an old gfn after it was zapped.',
    bounds: mergeBounds(MOVE, { shadow: { pages: 1 }, memslots: { preciseZap: true, kicks: true } }),
    start: BOTH_FRAMES,
    properties: [...SLOT_PROPERTIES, 'fault-finds-an-invalid-slot'],
  }),
]
