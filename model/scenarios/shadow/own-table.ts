import type { Kvm } from '../../memory/kvm.ts'
import { type Plan, scenario } from '../build-scenario.ts'
import type { Scenario } from '../scenario.ts'
import { LISTS, TREES } from './page-properties.ts'

/** The huge page at gfns 1 and 2 contains the table, gfn 1, whose entry maps it. */
export const WRITE_TO_OWN_TABLE: Plan = {
  id: 'write-to-own-table',
  title: 'the guest writes to a huge page that contains the page table that maps it',
  about:
    'Delivering an exception writes to the stack, and the stack is at the same gfn as the PMD table that maps it, through a 2M entry. KVM must not map the page large while the table is shadowed, and the fault itself shadows it. An event waits to be re-injected at every fault until the write succeeds.',
  bounds: {
    shadow: { levels: 3, pages: 4, choosesLevel: true },
    guest: {
      gfns: 3,
      gvas: 1,
      reads: [],
      edits: [{ gva: 0, index: 1, to: null, w: false }],
      editsLeft: 1,
      huge: true,
    },
    host: { pfns: 3 },
  },
  start: {
    tables: [
      [1, null],
      [{ huge: 1 }, null],
    ],
    pages: [
      { gfn: 0, level: 3 },
      { gfn: 1, level: 2 },
    ],
    filled: true,
  },
  properties: [
    'no-fault-retried-for-ever',
    'every-access-can-finish',
    'synced-page-agrees',
    'tracked-table-is-not-writable',
    ...LISTS,
    ...TREES,
    'no-use-after-free',
    'no-deadlock',
    'store-to-a-table-is-emulated',
  ],
}

/** Scenarios in which a guest writes to the page table that maps the write. */
export const ownTableScenarios: readonly Scenario<Kvm>[] = [scenario(WRITE_TO_OWN_TABLE)]
