import type { Kvm } from '../memory/kvm.ts'
import { type Plan, scenario } from './build-scenario.ts'
import type { Scenario } from './scenario.ts'

/** A memslot is created over MMIO. Designs that bring their own steps need its bounds. */
export const SLOT_CREATE: Plan = {
  id: 'slot-create-mmio',
  title: 'a memslot is created over a frame that a vCPU accesses as MMIO',
  about:
    'Accesses to a frame without memslot are cached as MMIO SPTEs, tagged with the generation of the memslots, which nobody zaps when a slot is created. The generation has to change so that none of them counts afterwards.',
  bounds: { pages: 1, slots: 1, slotOf: [null, 0], slotCreates: 1 },
  start: { tables: [[1]], pages: [{ gfn: 0, level: 1 }] },
  properties: [
    'mmio-spte-is-fresh',
    'mmio-spte-is-honoured',
    'mmio-spte-is-out-of-date',
    'no-use-after-free',
    'every-access-can-finish',
    'no-deadlock',
  ],
}

/** Creation of a memslot where there was none. */
export const slotCreateScenarios: readonly Scenario<Kvm>[] = [scenario(SLOT_CREATE)]
