import { placed } from '../language/placed.ts'
import { type Entry, step, when } from '../language/program.ts'
import { one } from '../language/system.ts'
import { emulateReadOnly } from '../machines/fault/fault-host-page.ts'
import { lookUpSlot, testSlot } from '../machines/fault/fault-slot.ts'
import { inPageFault } from '../machines/fault/page-fault.ts'
import { memslotCreate } from '../machines/memslots/memslot-create.ts'
import { memslotDelete } from '../machines/memslots/memslot-delete.ts'
import { memslotMove } from '../machines/memslots/memslot-move.ts'
import { type Bounds, slots_change } from '../memory/bounds.ts'
import type { Kvm } from '../memory/kvm.ts'
import { MOVED } from '../memory/memslots/memslot.ts'
import { srcu_read_unlock } from '../memory/primitives/srcu.ts'
import type { Feature } from './feature.ts'

/** Memslots that are deleted, created or moved; vCPUs and notifiers are then readers of kvm->srcu. */
export const memslots: Feature = {
  id: 'memslots',
  title: 'memslots that are deleted, created or moved, and SRCU',
  parts: (bounds) => ({
    vcpu: [placed(70, ...when(slots_change(bounds), leaveSrcu()))],
    pageFault: [
      placed(30, ...inPageFault(...lookUpSlot(bounds))),
      placed(70, ...inPageFault(...testSlot(bounds))),
      placed(95, ...when(bounds.memslots.readOnly.length > 0, ...inPageFault(emulateReadOnly(bounds)))),
    ],
    threads: [
      placed(40, ...when(bounds.memslots.deletes > 0, one(memslotDelete(bounds)))),
      placed(50, ...when(bounds.memslots.moves > 0, one(memslotMove(bounds)))),
      placed(60, ...when(bounds.memslots.creates > 0, one(memslotCreate(bounds)))),
    ],
  }),
  setUp: (kvm, bounds) => {
    const { deletes, creates, moves } = bounds.memslots
    if (moves > 0) setUpUserMemory(kvm, bounds)
    const updates = deletes + creates + moves
    if (updates > 0) kvm.memslot[0].left = updates
    const absent = [...when(creates > 0, 0), ...when(moves > 0, MOVED)]
    for (const slot of absent) {
      kvm.slot[slot].installed = 'gone'
      kvm.slot[slot].arrays = 'freed'
    }
  },
  refuses: ({
    memslots: {
      slots,
      of,
      deletes,
      creates,
      moves,
      mmio,
      generations,
      addressSpaceBits,
      preciseZap,
      readOnly,
    },
    guest,
    asyncPf,
    tdp,
  }) => {
    const wrong = readOnly.find((gfn) => gfn < guest.tables || gfn >= guest.gfns)
    if (wrong !== undefined) return `memslots.readOnly: frame ${wrong} is a page table, or there is none`
    if (readOnly.length > 0 && (asyncPf.on || tdp.on))
      return 'memslots.readOnly: not with asyncPf or tdp, whose faults do not look at it'
    if (deletes + creates + moves > 1) return 'memslots: only one of deletes, creates and moves'
    if (deletes + creates > 0 && slots < 1) return 'memslots: a change needs memslots.slots'
    if (moves > 0 && slots < 2)
      return 'memslots.moves needs memslots.slots: 2, the slot before and after the move'
    const missing = of.find((slot) => slot !== null && slot >= slots)
    if (missing !== undefined) return `memslots.of names slot ${missing}, but memslots.slots is ${slots}`
    if (preciseZap && deletes + moves === 0)
      return 'memslots.preciseZap needs memslots.deletes or memslots.moves'
    if (generations > 0 && creates === 0 && !mmio)
      return 'memslots.generations needs MMIO SPTEs: memslots.creates or memslots.mmio'
    return addressSpaceBits > 0 && generations === 0
      ? 'memslots.addressSpaceBits needs memslots.generations'
      : null
  },
}

function leaveSrcu(): Entry<Kvm> {
  return step(
    'RUN.7',
    {
      fn: 'vcpu_enter_guest',
      since: 'v5.18..v7.2',
      c: 'kvm_vcpu_srcu_read_unlock(',
      shows: 'srcu_read_unlock(&kvm->srcu)',
    },
    { does: (kvm, v) => srcu_read_unlock(kvm, v) },
  )
}

/** After a move of slot 0, its new frames have the user memory of the old ones, in the same order. */
function setUpUserMemory(kvm: Kvm, { guest, memslots }: Bounds): void {
  const framesOf = (slot: number): number[] =>
    [...memslots.of.keys()].filter((gfn) => memslots.of[gfn] === slot)
  const from = framesOf(0)
  for (let gfn = 0; gfn < guest.gfns; gfn++) kvm.hva_of_gfn[gfn] = gfn
  framesOf(MOVED).forEach((gfn, i) => {
    kvm.hva_of_gfn[gfn] = from[i]
    kvm.host_pte[gfn] = null
    if (gfn < kvm.host_page.length) kvm.host_page[gfn].owner = 'none'
  })
}
