import { placed } from '../language/placed.ts'
import { when } from '../language/program.ts'
import { one } from '../language/system.ts'
import { ageWithAccessedBits } from '../machines/aging/age-page.ts'
import { aging as thread } from '../machines/aging/aging.ts'
import type { Feature } from './feature.ts'

/** Calls that age host pages, without mmu_lock (v6.15). */
export const aging: Feature = {
  id: 'aging',
  title: 'aging of host pages without mmu_lock',
  parts: (bounds) => ({
    threads: [
      placed(
        90,
        ...when(
          bounds.aging.calls > 0,
          one(bounds.aging.accessed ? ageWithAccessedBits(bounds) : thread(bounds)),
        ),
      ),
    ],
  }),
  setUp: (kvm, { aging: { calls, of, accessed, withoutAd } }) => {
    if (calls > 0) kvm.aging[0].left = calls
    if (!accessed) return
    kvm.without_ad = withoutAd
    of.forEach((gfn, slot) => {
      kvm.aged_gfn[slot] = gfn
    })
  },
  refuses: ({ aging: { calls, of, accessed, withoutAd }, nested, notifier, tdp }) => {
    if (calls > 0 && of.length === 0) return 'aging.of names no frame, so there is no page to age'
    if (accessed && calls === 0) return 'aging.accessed needs aging.calls: nothing else reads Accessed bits'
    if (withoutAd && !accessed) return 'aging.withoutAd is about Accessed bits: it needs aging.accessed'
    return accessed && ((nested.mmus < 2 && !tdp.on) || notifier.threads > 0)
      ? 'aging.accessed is for the TDP MMU (tdp.on) or roots of both kinds (nested.mmus: 2), without notifiers'
      : null
  },
}
