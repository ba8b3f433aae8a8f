import { type BoundsInput, mergeBounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { type Plan, scenario } from '../build-scenario.ts'
import type { Scenario } from '../scenario.ts'
import type { Start } from '../start.ts'

const CREATED_OVER_MMIO: BoundsInput = {
  shadow: { pages: 1 },
  memslots: { slots: 1, of: [null, 0], creates: 1 },
}
const ONE_TABLE: Start = { tables: [[1]], pages: [{ gfn: 0, level: 1 }] }

const MMIO_PROPERTIES = [
  'mmio-spte-is-fresh',
  'mmio-spte-is-honoured',
  'mmio-spte-is-out-of-date',
  'no-use-after-free',
  'every-access-can-finish',
  'no-deadlock',
]

/** A memslot is created over MMIO. Designs that bring their own steps need its bounds. */
export const SLOT_CREATE: Plan = {
  id: 'slot-create-mmio',
  title: 'a memslot is created over a frame that a vCPU accesses as MMIO',
  about:
    'Accesses to a frame without memslot are cached as MMIO SPTEs, tagged with the generation of the memslots, which nobody zaps when a slot is created. The generation has to change so that none of them counts afterwards.',
  bounds: CREATED_OVER_MMIO,
  start: ONE_TABLE,
  properties: MMIO_PROPERTIES,
}

/** What zapping everything for a new turn of the generations adds. */
const WRAP_PROPERTIES = [
  ...MMIO_PROPERTIES,
  'zap-all-can-finish',
  'no-stale-root-used',
  'no-obsolete-root-kept',
  'root-count-is-number-of-holders',
]

/** The vCPU has an MMIO SPTE as old as the generations go back, and their last one is the current one. */
function lastGeneration(tag: number, last: number): Start {
  return {
    ...ONE_TABLE,
    begin: (kvm) => {
      kvm.memslots.generation = last
      const entry = kvm.page[0].spte[0]
      entry.kind = 'mmio'
      entry.gfn = 1
      entry.gen = tag
    },
  }
}

/** Creation of a memslot where there was none. */
export const slotCreateScenarios: readonly Scenario<Kvm>[] = [
  scenario(SLOT_CREATE),
  scenario({
    id: 'slot-create-wrap',
    title: 'a memslot is created over MMIO, and the generation of memslots wraps to 0',
    about:
      'As slot-create-mmio, with room for four generations in an MMIO SPTE (the real one has 19 bits). The vCPU has an SPTE of generation 0; three updates of other slots later the generation is 3, and this update brings it back to 0. Everything has to be zapped before anybody can see that. (To v5.0 the kernel began 150 short of the wrap, so that it was met in testing.)',
    bounds: mergeBounds(CREATED_OVER_MMIO, { shadow: { pages: 2 }, memslots: { generations: 4 } }),
    start: lastGeneration(0, 3),
    properties: WRAP_PROPERTIES,
  }),
  scenario({
    id: 'slot-create-wrap-smm',
    title: 'a memslot is created in the address space of SMM, and the generation of its memslots wraps to 1',
    about:
      'With two address spaces the generations of the first are even and those of the second odd: the lowest bit says which. The vCPU is in SMM and has an SPTE of generation 1; after 3, 5 and 7 the second address space comes to 1 again, and never to 0. The slots of the first one do not change.',
    bounds: mergeBounds(CREATED_OVER_MMIO, {
      shadow: { pages: 2 },
      memslots: { generations: 8, addressSpaceBits: 1 },
    }),
    start: lastGeneration(1, 7),
    properties: WRAP_PROPERTIES,
  }),
]
