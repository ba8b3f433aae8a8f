import type { Kvm } from '../../memory/kvm.ts'
import { scenario } from '../build-scenario.ts'
import type { Scenario } from '../scenario.ts'

/** A memslot that is bound to a file of guest_memfd. */
export const guestMemfdScenarios: readonly Scenario<Kvm>[] = [
  scenario({
    id: 'guest-memfd-release',
    title: 'userspace closes a file of guest_memfd while it deletes the memslot that is bound to the file',
    about:
      'The release of the file clears the pointers to it in the slots that are bound; the deletion of the slot removes the binding. Both hold slots_lock, but the file has no reference left before its release takes it. Faults are left out.',
    bounds: { shadow: { pages: 1 }, guest: { reads: [] }, guestMemfd: { on: true, updates: 1 } },
    start: { tables: [[1]], pages: [{ gfn: 0, level: 1 }] },
    properties: ['no-use-after-free', 'no-deadlock'],
  }),
]
