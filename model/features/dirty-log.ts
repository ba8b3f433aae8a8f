import { placed } from '../language/placed.ts'
import { when } from '../language/program.ts'
import { one } from '../language/system.ts'
import { dirtyLog as thread } from '../machines/dirty-log/dirty-log.ts'
import type { Feature } from './feature.ts'

/** Userspace that reads and clears the dirty log of a memslot. */
export const dirtyLog: Feature = {
  id: 'dirtyLog',
  title: 'the dirty log, and userspace that reads and clears it',
  parts: (bounds) => ({ threads: [placed(110, ...when(bounds.dirtyLog.passes > 0, one(thread(bounds))))] }),
  setUp: (kvm, { dirtyLog: { passes } }) => {
    if (passes > 0) kvm.dirtylog[0].left = passes
  },
  refuses: ({ dirtyLog: { of, passes, enables, manualProtect } }) => {
    if (passes > 0 && of.length === 0) return 'dirtyLog.of names no frame, so there is nothing to log'
    return (enables || manualProtect) && passes === 0
      ? 'dirtyLog.enables and dirtyLog.manualProtect need dirtyLog.passes'
      : null
  },
}
