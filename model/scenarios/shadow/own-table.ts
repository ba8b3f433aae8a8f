import type { Kvm } from '../../memory/kvm.ts'
import { type Plan, scenario } from '../build-scenario.ts'
import type { Scenario } from '../scenario.ts'
import { LISTS, TREES } from './page-properties.ts'

/** The huge page in frames 1 and 2 contains the table, frame 1, whose entry maps it. */
export const WRITE_TO_OWN_TABLE: Plan = {
  id: 'write-to-own-table',
  title: 'the guest writes to a huge page that contains the page table which maps it',
  about:
    'Delivering an exception writes to the stack, and the stack is in the frame of the PMD table that maps it, through a 2M entry. May KVM map the page large? Not while the table is shadowed, which the fault itself sees to. KVM finds an event to re-inject at every fault until the write is done.',
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

/** Scenarios in which the frame that is written to is the writer's own page table. */
export const ownTableScenarios: readonly Scenario<Kvm>[] = [scenario(WRITE_TO_OWN_TABLE)]
