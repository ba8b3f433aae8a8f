import { placed } from '../language/placed.ts'
import { outOfOrder, when } from '../language/program.ts'
import { inPageFault, writeProtected } from '../machines/fault/page-fault.ts'
import { locklessWalk } from '../machines/shadow/lockless-walk.ts'
import { watched } from '../memory/bounds.ts'
import type { Feature } from './feature.ts'

/** Lockless walks in the fault path, and write flooding. */
export const writeTracking: Feature = {
  id: 'writeTracking',
  title: 'lockless walks and write flooding',
  parts: (bounds) => ({
    vcpu: [
      placed(
        480,
        ...when(
          bounds.writeTracking.locklessWalks,
          ...inPageFault(
            ...outOfOrder(
              'because control jumps here from the middle of the page fault',
              locklessWalk(bounds, writeProtected(bounds)),
            ),
          ),
        ),
      ),
    ],
  }),
  refuses: (bounds) => {
    const { locklessWalks, flooding, hintHistory } = bounds.writeTracking
    return (locklessWalks || flooding || hintHistory) && !watched(bounds)
      ? 'writeTracking needs guests that write to tables: guest.edits or unprotect.stores'
      : null
  },
}
