import { type BoundsInput, mergeBounds } from '../memory/bounds.ts'
import type { Kvm } from '../memory/kvm.ts'
import { scenario } from './build-scenario.ts'
import type { Scenario } from './scenario.ts'
import type { Start } from './start.ts'

const PROPERTIES = [
  'no-freed-spte-on-rmap',
  'no-stale-root-used',
  'no-use-after-free',
  'no-leaf-below-an-obsolete-root',
  'no-freed-root-in-use',
  'no-tlb-entry-of-a-freed-root',
  'no-guest-on-a-root-after-its-request',
  'no-mapping-of-a-lost-page',
  'no-install-during-invalidation',
  'no-flush-debt-at-unlock',
  'no-spte-of-a-freed-slot',
  'nothing-added-to-an-invalid-slot',
  'root-count-is-number-of-holders',
  'page-on-one-list',
  'no-deadlock',
]

/** The deleted slot has one gfn; a notifier takes its page away. */
const DELETE_AND_NOTIFY: BoundsInput = {
  memslots: { slots: 1, deletes: 1 },
  zap: { lockBreak: true },
  notifier: { threads: 1, invalidations: 1 },
}

const TWO_DIRECTORIES: BoundsInput = mergeBounds(DELETE_AND_NOTIFY, {
  shadow: { pages: 5 },
  guest: { pgds: 2, gfns: 3 },
  host: { pfns: 4 },
  roots: { prev: 1 },
  memslots: { of: [null, null, 0] },
  notifier: { of: [2] },
})

const TWO_ROOTS: Start = { tables: [[2], [2]], pages: [{ gfn: 0, level: 1 }] }

/**
 * Combines what the small scenarios exercise separately: faults, CR3 switches or guest PTE writes, the deletion of
 * a memslot with its zap of everything, and a notifier.
 */
export const compositeScenarios: readonly Scenario<Kvm>[] = [
  scenario({
    id: 'composite-switches',
    title: 'a vCPU faults and switches CR3 while its memslot is deleted and the host takes the page away',
    about:
      'Root cache, zap-all with lock breaks, both memslot installations and their grace periods, and fault retries together.',
    bounds: mergeBounds(TWO_DIRECTORIES, { guest: { cr3Loads: 2 } }),
    start: TWO_ROOTS,
    properties: PROPERTIES,
  }),
  scenario({
    id: 'composite-edits',
    title: 'a guest writes to its page table while its memslot is deleted and the host takes a page away',
    about:
      'The table maps itself, so a write to it takes the unsync path; the old and the new gfn are in different slots.',
    bounds: mergeBounds(DELETE_AND_NOTIFY, {
      shadow: { pages: 3 },
      guest: { gvas: 2, gfns: 3, cr3Loads: 1, edits: [{ gva: 1, index: 0, to: 2, w: true }], editsLeft: 1 },
      host: { pfns: 4 },
      memslots: { of: [null, 0, null] },
      notifier: { of: [1] },
    }),
    start: { tables: [[1, 0]], pages: [{ gfn: 0, level: 1 }] },
    properties: [...PROPERTIES, 'synced-page-agrees'],
  }),
  scenario({
    id: 'composite-two-vcpus',
    title: 'two vCPUs fault on one root while their memslot is deleted and the host takes the page away',
    about: 'Millions of states: all interleavings of two vCPUs, the deletion and the notifier.',
    bounds: mergeBounds(DELETE_AND_NOTIFY, {
      vcpus: 2,
      shadow: { pages: 4 },
      host: { pfns: 3 },
      memslots: { of: [null, 0] },
      notifier: { of: [1] },
    }),
    start: { tables: [[1]], pages: [{ gfn: 0, level: 1 }] },
    properties: PROPERTIES,
    deep: true,
  }),
  scenario({
    id: 'composite-two-vcpus-switching',
    title: 'two vCPUs fault and switch CR3 while their memslot is deleted and the host takes the page away',
    about: 'The largest scenario, for long runs with several workers and checkpoints.',
    bounds: mergeBounds(TWO_DIRECTORIES, { vcpus: 2, guest: { cr3Loads: 1 } }),
    start: TWO_ROOTS,
    properties: PROPERTIES,
    deep: true,
  }),
]
