import { placed } from '../language/placed.ts'
import { when } from '../language/program.ts'
import { one } from '../language/system.ts'
import { aging as thread } from '../machines/aging/aging.ts'
import type { Feature } from './feature.ts'

/** Calls that age host pages, without mmu_lock (v6.15). */
export const aging: Feature = {
  id: 'aging',
  title: 'aging of host pages without mmu_lock',
  parts: (bounds) => ({ threads: [placed(90, ...when(bounds.aging.calls > 0, one(thread(bounds))))] }),
  setUp: (kvm, { aging: { calls } }) => {
    if (calls > 0) kvm.aging[0].left = calls
  },
  refuses: ({ aging: { calls, of } }) =>
    calls > 0 && of.length === 0 ? 'aging.of names no frame, so there is no page to age' : null,
}
