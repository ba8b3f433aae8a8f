import { placed } from '../language/placed.ts'
import { inFunction, when } from '../language/program.ts'
import { each } from '../language/system.ts'
import { retryTest } from '../machines/fault/fault-host-page.ts'
import { inPageFault } from '../machines/fault/page-fault.ts'
import { notifier as thread } from '../machines/notifier/notifier.ts'
import type { Feature } from './feature.ts'

/** Threads that invalidate host pages through the mmu notifier; faults then test whether to retry. */
export const notifier: Feature = {
  id: 'notifier',
  title: 'mmu notifiers that invalidate host pages',
  parts: (bounds, sorts) => ({
    pageFault: [
      placed(
        140,
        ...when(
          bounds.notifier.threads > 0,
          ...inPageFault(...inFunction('is_page_fault_stale', retryTest())),
        ),
      ),
    ],
    threads: [placed(80, ...when(bounds.notifier.threads > 0, each(sorts.notifier, thread(bounds))))],
  }),
  setUp: (kvm, { notifier: { threads, invalidations } }) => {
    for (let n = 0; n < threads; n++) kvm.notifier[n].left = invalidations
  },
  refuses: ({ notifier: { threads, invalidations, of }, guest }) => {
    if (threads === 0) return null
    if (of.length === 0) return 'notifier.of names no frame, so there is no page to invalidate'
    if (invalidations === 0) return 'notifier.invalidations is 0: the threads have nothing to do'
    const far = of.find((gfn) => gfn >= guest.gfns)
    return far === undefined ? null : `notifier.of names frame ${far}, but guest.gfns is ${guest.gfns}`
  },
}
