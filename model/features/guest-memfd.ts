import { placed } from '../language/placed.ts'
import { when } from '../language/program.ts'
import { one } from '../language/system.ts'
import { guestMemfdFile, guestMemfdSlot } from '../machines/memslots/guest-memfd.ts'
import type { Feature } from './feature.ts'

/** A memslot that is bound to a file of guest_memfd, both of which go. */
export const guestMemfd: Feature = {
  id: 'guestMemfd',
  title: 'the binding of a memslot to a file of guest_memfd',
  parts: ({ guestMemfd: { on } }) => ({
    threads: [
      placed(160, ...when(on, one(guestMemfdFile()))),
      placed(165, ...when(on, one(guestMemfdSlot()))),
    ],
  }),
  setUp: (kvm, { guestMemfd: { on, updates } }) => {
    if (!on) return
    const gmem = kvm.gmem[0]
    gmem.file_count = 1
    gmem.slot_flag = true
    gmem.slot_file = true
    gmem.binding = true
    gmem.updates_left = updates
    gmem.deletes_left = 1
  },
  refuses: ({ guestMemfd: { on, updates } }) =>
    !on && updates > 0 ? 'guestMemfd.updates needs guestMemfd.on: there is no such memslot' : null,
}
