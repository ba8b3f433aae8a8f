import { placed } from '../language/placed.ts'
import { when } from '../language/program.ts'
import { each, one } from '../language/system.ts'
import { pageZapper } from '../machines/zap/page-zapper.ts'
import { shrinker } from '../machines/zap/shrinker.ts'
import { zapAllFastThread } from '../machines/zap/zap-all-fast.ts'
import type { Feature } from './feature.ts'

/** Threads that zap shadow pages: single ones, all of them, or the oldest. */
export const zap: Feature = {
  id: 'zap',
  title: 'zapping single pages, all pages, and reclaim',
  parts: (bounds, sorts) => ({
    threads: [
      placed(30, ...when(bounds.zap.threads > 0, each(sorts.zapper, pageZapper(bounds)))),
      placed(70, ...when(bounds.zap.all > 0, one(zapAllFastThread(bounds)))),
      placed(100, ...when(bounds.zap.reclaims > 0, one(shrinker(bounds)))),
    ],
  }),
  setUp: (kvm, { zap }) => {
    for (let z = 0; z < zap.threads; z++) kvm.zapper[z].left = zap.pages
    if (zap.reclaims > 0) kvm.shrinker[0].left = zap.reclaims
    if (zap.all > 0) kvm.memslot[0].left = zap.all
  },
  refuses: ({ zap, memslots }) => {
    if (zap.threads > 0 !== zap.pages > 0)
      return 'zap.threads and zap.pages go together: the number of threads, and of pages that each zaps'
    return zap.all > 0 && memslots.deletes + memslots.creates + memslots.moves > 0
      ? 'zap.all is a memslot update by itself and cannot be combined with memslots that change'
      : null
  },
}
