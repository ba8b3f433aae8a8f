import { placed } from '../language/placed.ts'
import { inFunction, when } from '../language/program.ts'
import { each } from '../language/system.ts'
import { retryTest } from '../machines/fault/fault-host-page.ts'
import { inPageFault } from '../machines/fault/page-fault.ts'
import { notifier as thread } from '../machines/notifier/notifier.ts'
import { can_be_invalidated, slots_come_or_go } from '../memory/bounds.ts'
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
          can_be_invalidated(bounds),
          ...inPageFault(...inFunction('is_page_fault_stale', retryTest())),
        ),
      ),
    ],
    threads: [placed(80, ...when(bounds.notifier.threads > 0, each(sorts.notifier, thread(bounds))))],
  }),
  setUp: (kvm, { notifier: { threads, invalidations, cow } }) => {
    for (let n = 0; n < threads; n++) kvm.notifier[n].left = invalidations
    for (const gfn of cow) kvm.shared_hva.add(gfn)
  },
  refuses: (bounds) => {
    const { notifier, guest, asyncPf, shadow, memslots } = bounds
    const { threads, invalidations, of, cow, range, breaks, rangedFlush } = notifier
    if (threads === 0) return null
    const slotsOfRange = new Set(range.map((gfn) => memslots.of[gfn] ?? null)).size
    const slotIsFixed = memslots.creates + memslots.moves === 0 && slotsOfRange === 1
    if (
      range.length > 0 &&
      (cow.length > 0 || shadow.descs > 0 || (slots_come_or_go(bounds) && !slotIsFixed))
    )
      return 'notifier.range: not with notifier.cow, shadow.descs, or memslots that change, unless it is in one that is deleted'
    if (rangedFlush && bounds.tdp.on)
      return 'notifier.rangedFlush: not with tdp, whose walks flush everything'
    if (breaks && slotsOfRange !== 1)
      return 'notifier.breaks needs a notifier.range, whose frames are in one memslot'
    if (rangedFlush && !breaks) return 'notifier.rangedFlush is for the flush of notifier.breaks'
    if (cow.length > 0 && (asyncPf.on || !guest.dataWrites))
      return 'notifier.cow needs guests that write to their frames (guest.dataWrites), and no asyncPf'
    if (of.length + cow.length + range.length === 0)
      return 'notifier.of names no frame, so there is no page to invalidate'
    if (of.length + range.length > 0 && invalidations === 0)
      return 'notifier.invalidations is 0: the threads have nothing to do'
    const far = [...of, ...cow, ...range].find((gfn) => gfn >= guest.gfns)
    return far === undefined
      ? null
      : `notifier.of, notifier.cow or notifier.range names frame ${far}, but guest.gfns is ${guest.gfns}`
  },
}
