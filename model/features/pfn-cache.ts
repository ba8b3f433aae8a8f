import { placed } from '../language/placed.ts'
import { when } from '../language/program.ts'
import { one } from '../language/system.ts'
import { pfnCacheIoctl, pfnCacheUser } from '../machines/notifier/pfn-cache.ts'
import type { Feature } from './feature.ts'

/** KVM's own mapping of a page of the guest, invalidated by mmu notifiers. */
export const pfnCache: Feature = {
  id: 'pfnCache',
  title: 'a pfn cache, its user, and the ioctl that deactivates it',
  parts: (bounds) => ({
    threads: [
      placed(140, ...when(bounds.pfnCache.uses > 0, one(pfnCacheUser(bounds)))),
      placed(150, ...when(bounds.pfnCache.toggles > 0, one(pfnCacheIoctl(bounds)))),
    ],
  }),
  setUp: (kvm, { pfnCache: { gfn, uses, toggles } }) => {
    if (uses === 0) return
    const gpc = kvm.gpc[0]
    gpc.active = true
    gpc.valid = true
    gpc.listed = true
    gpc.khva = true
    gpc.pfn = gfn
    gpc.gpcuser.left = uses
    gpc.gpcioctl.left = toggles
  },
  refuses: ({ pfnCache: { gfn, uses, toggles }, guest, notifier, memslots }) => {
    if (uses === 0) return toggles > 0 ? 'pfnCache.toggles needs pfnCache.uses: nothing uses the cache' : null
    if (notifier.threads === 0) return 'pfnCache needs notifier.threads: nothing invalidates the cache'
    if (memslots.creates + memslots.deletes + memslots.moves > 0)
      return 'pfnCache: not with memslots that change, as the cache has no generation here'
    return gfn < guest.gfns ? null : `pfnCache.gfn is frame ${gfn}, but guest.gfns is ${guest.gfns}`
  },
}
