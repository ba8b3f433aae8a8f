import { type Bounds, smallest } from '../memory/bounds.ts'
import type { Kvm } from '../memory/kvm.ts'
import { memoryScenario } from './memory-scenario.ts'
import type { Scenario } from './scenario.ts'

const MMIO: Partial<Bounds> = { pages: 1, slots: 1, slotOf: [null, 0], slotCreates: 1 }

/** The bounds of slot-create-mmio, for designs that bring their own steps. */
export const slotCreateBounds: Bounds = { ...smallest, ...MMIO }

/** Creation of a memslot where there was none. */
export const slotCreateScenarios: readonly Scenario<Kvm>[] = [
  memoryScenario({
    id: 'slot-create-mmio',
    aliases: [],
    title: 'a memslot is created over a frame that a vCPU accesses as MMIO',
    about:
      'Accesses to a frame without memslot are cached as MMIO SPTEs, tagged with the generation of the memslots, which nobody zaps when a slot is created. The generation has to change so that none of them counts afterwards.',
    bounds: MMIO,
    start: { tables: [[1]], pages: [{ gfn: 0, level: 1 }], filled: false },
    properties: [
      'mmio-spte-is-fresh',
      'mmio-spte-is-honoured',
      'mmio-spte-is-out-of-date',
      'no-use-after-free',
      'every-access-can-finish',
      'no-deadlock',
    ],
  }),
]
