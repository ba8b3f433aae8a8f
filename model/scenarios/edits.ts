import type { Kvm } from '../memory/kvm.ts'
import { pageTableScenario } from './page-tables.ts'
import type { Scenario } from './scenario.ts'

/** What must hold of shadow pages whatever the guest does to its tables. */
const SHADOW_PROPERTIES = [
  'synced-page-agrees',
  'flushed-translation-is-not-used',
  'writable-table-is-unsync',
  'shadowed-tables-are-counted',
  'no-use-after-free',
  'no-flush-debt-at-unlock',
  'no-needless-flush',
  'every-access-can-finish',
  'no-deadlock',
]

/** The same with more than one level. */
const LEVEL_PROPERTIES = [
  ...SHADOW_PROPERTIES,
  'tracked-table-is-not-writable',
  'unsync-page-can-be-found',
  'parent-links-match',
  'child-is-one-level-below',
  'no-walk-of-a-freed-page',
]

/** Scenarios in which guests edit their own page tables. */
export const editScenarios: readonly Scenario<Kvm>[] = [
  pageTableScenario({
    id: 'unsync-one-level',
    title: 'one vCPU edits the table it runs on, through an address that maps the table itself',
    about: '',
    bounds: {
      pages: 2,
      gfns: 3,
      pfns: 3,
      gvas: 2,
      edits: [
        { gva: 1, index: 0, to: 2, w: true },
        { gva: 1, index: 0, to: 1, w: false },
      ],
      editsLeft: 2,
      invlpgs: 1,
      cr3Loads: 1,
      dataWrites: true,
    },
    tables: [[1, 0]],
    properties: SHADOW_PROPERTIES,
  }),
  pageTableScenario({
    id: 'unsync-two-levels',
    title: 'two vCPUs',
    about: '',
    bounds: {
      vcpus: 2,
      levels: 2,
      pages: 2,
      gfns: 4,
      pfns: 4,
      gvas: 2,
      edits: [{ gva: 1, index: 0, to: 3, w: true }],
      editsLeft: 1,
      invlpgs: 1,
    },
    tables: [
      [1, null],
      [2, 1],
    ],
    properties: LEVEL_PROPERTIES,
  }),
  pageTableScenario({
    id: 'tracked-pgd',
    title: 'one vCPU edits the page directory that another runs on',
    about: '',
    bounds: {
      vcpus: 2,
      levels: 2,
      pages: 5,
      gfns: 7,
      pfns: 7,
      pgds: 2,
      edits: [{ gva: 0, index: 0, to: 4, w: true, by: 1 }],
      editsLeft: 1,
      invlpgs: 1,
    },
    tables: [[2], [3], [5], [0], [6]],
    cr3: [0, 1],
    properties: LEVEL_PROPERTIES,
  }),
]
