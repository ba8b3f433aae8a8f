import { mergeBounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { type Plan, scenario } from '../build-scenario.ts'
import type { Scenario } from '../scenario.ts'

/** Two tables; userspace makes the entry of the root point to the second, and then changes an entry of that one. */
export const REPLACED_TABLE: Plan = {
  id: 'replaced-table',
  title: 'userspace replaces a guest table without KVM noticing',
  about:
    'The vCPU maps address 0 through the first table and finds the second one at its fault on address 1, where the shadow page of the first is still linked.',
  bounds: {
    shadow: { pages: 3, levels: 2 },
    guest: { gfns: 5, gvas: 2 },
    host: { pfns: 5 },
    externalWriter: {
      stores: [
        { table: 0, index: 0, to: 2, huge: false },
        { table: 2, index: 1, to: 4, huge: false },
      ],
      left: 2,
    },
  },
  start: {
    tables: [
      [1, null],
      [3, 3],
      [3, 3],
    ],
  },
  properties: ['no-use-after-free', 'one-page-per-key', 'no-fault-retried-for-ever', 'no-deadlock'],
}

/** The same for the tables of a nested guest, whose shadow pages are zapped with their last parent. */
export const REPLACED_NESTED_TABLE: Plan = {
  ...REPLACED_TABLE,
  id: 'replaced-nested-table',
  title: 'userspace replaces a table of a nested guest without KVM noticing',
  about:
    'As replaced-table, in guest mode of L1: mmu_page_zap_pte() zaps the shadow page that loses its last parent, and the list of zapped pages is committed when the new one is linked.',
  bounds: mergeBounds(REPLACED_TABLE.bounds, { nested: { guestMode: true } }),
}

/** Faults that find the shadow page of another table linked. */
export const replacedTableScenarios: readonly Scenario<Kvm>[] = [
  scenario(REPLACED_TABLE),
  scenario(REPLACED_NESTED_TABLE),
]
