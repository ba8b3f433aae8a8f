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

/** Exported because designs build their steps for these bounds. */
export const SLOT_CREATE: Plan = {
  id: 'slot-create-mmio',
  title: 'a memslot is created over a gfn that a vCPU accesses as MMIO',
  about:
    'Accesses to a gfn without memslot are cached in MMIO SPTEs, which carry the memslot generation and are not zapped when a slot is created. The generation must change so that none of them is valid afterwards.',
  bounds: mergeBounds(CREATED_OVER_MMIO, { memslots: { kicks: true } }),
  start: ONE_TABLE,
  properties: MMIO_PROPERTIES,
}

/** With the zap of everything when the generation wraps. */
const WRAP_PROPERTIES = [
  ...MMIO_PROPERTIES,
  'zap-all-can-finish',
  'no-stale-root-used',
  'no-obsolete-root-kept',
  'root-count-is-number-of-holders',
]

/** The current generation is the last before the wrap, and an MMIO SPTE has the one that comes after it. */
function beforeTheWrap(tag: number, last: number): Start {
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

/** Creation of a memslot. */
export const slotCreateScenarios: readonly Scenario<Kvm>[] = [
  scenario(SLOT_CREATE),
  scenario({
    ...SLOT_CREATE,
    id: 'slot-create-mmio-two-vcpus',
    title: 'a memslot is created over a gfn that two vCPUs access as MMIO',
    about:
      'One vCPU has found no memslot and is about to store an MMIO SPTE; the other finds the new memslot and maps the gfn. The MMIO SPTE must not be stored over the present one, which is on the rmap.',
    bounds: mergeBounds(CREATED_OVER_MMIO, { vcpus: 2 }),
    properties: [
      ...MMIO_PROPERTIES,
      'leaf-is-on-its-rmap',
      'rmap-holds-present-sptes',
      'no-flush-debt-at-unlock',
      'mmu-spte-set-finds-no-present-spte',
      'rmap-add-finds-no-entry',
    ],
  }),
  scenario({
    id: 'slot-create-root',
    title: 'a memslot is created over the page directory that a vCPU runs on',
    about:
      'Without a memslot the page directory cannot be shadowed, and the vCPU runs on a dummy root, which maps nothing. The creation sends no request: a fault must notice that the page directory can be read now, and load a real root.',
    bounds: {
      guest: { gfns: 2 },
      shadow: { pages: 1 },
      memslots: { slots: 1, of: [0, null], creates: 1 },
    },
    start: { tables: [[1]] },
    properties: [
      'no-use-after-free',
      'no-fault-retried-for-ever',
      'every-access-can-finish',
      'no-deadlock',
      'guest-runs-on-a-dummy-root',
      'dummy-root-is-replaced',
    ],
  }),
  scenario({
    id: 'slot-create-notifier',
    title: 'a memslot is created while the host takes the page behind it away',
    about:
      'A notifier that starts before the slot exists counts nothing; if its end found the slot, it would end an invalidation that never began. The new memslots wait until no notifier is between its start and its end.',
    bounds: mergeBounds(CREATED_OVER_MMIO, {
      host: { pfns: 4 },
      notifier: { threads: 1, invalidations: 2, of: [1] },
    }),
    start: ONE_TABLE,
    properties: [
      ...MMIO_PROPERTIES,
      'invalidations-are-balanced',
      'invalidation-ends-only-after-it-began',
      'memslots-are-installed-between-invalidations',
      'no-mapping-of-a-lost-page',
      'no-install-during-invalidation',
    ],
  }),
  scenario({
    id: 'slot-create-wrap',
    title: 'a memslot is created over MMIO, and the generation of memslots wraps to 0',
    about:
      'As slot-create-mmio, with four generations in an MMIO SPTE (the kernel has 19 bits). The vCPU has an MMIO SPTE of generation 0; after three updates of other slots the generation is 3, and this update wraps it to 0. Everything must be zapped before the new generation is visible. (Until v5.0 the kernel started 150 before the wrap, to exercise it.)',
    bounds: mergeBounds(CREATED_OVER_MMIO, { shadow: { pages: 2 }, memslots: { generations: 4 } }),
    start: beforeTheWrap(0, 3),
    properties: WRAP_PROPERTIES,
  }),
  scenario({
    id: 'slot-create-wrap-smm',
    title: 'a memslot is created in the address space of SMM, and the generation of its memslots wraps to 1',
    about:
      'With two address spaces the generations of the first are even and those of the second odd. The vCPU is in SMM and has an MMIO SPTE of generation 1; after 3, 5 and 7 the second address space wraps to 1, and never reaches 0. The slots of the first one do not change.',
    bounds: mergeBounds(CREATED_OVER_MMIO, {
      shadow: { pages: 2 },
      memslots: { generations: 8, addressSpaceBits: 1 },
    }),
    start: beforeTheWrap(1, 7),
    properties: WRAP_PROPERTIES,
  }),
]
