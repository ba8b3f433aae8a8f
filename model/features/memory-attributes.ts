import { placed } from '../language/placed.ts'
import { when } from '../language/program.ts'
import { one } from '../language/system.ts'
import { comparePrivate, readPrivate } from '../machines/fault/fault-private.ts'
import { inPageFault } from '../machines/fault/page-fault.ts'
import { setMemoryAttributes } from '../machines/notifier/set-memory-attributes.ts'
import { slots_change, watched } from '../memory/bounds.ts'
import type { Feature } from './feature.ts'

/** Frames that userspace makes private or shared; faults then map the page of guest_memfd or that of user memory. */
export const memoryAttributes: Feature = {
  id: 'attributes',
  title: 'frames that become private or shared',
  parts: (bounds) => {
    const on = bounds.attributes.changes > 0
    return {
      pageFault: [
        placed(25, ...when(on, readPrivate())),
        placed(65, ...when(on, ...inPageFault(comparePrivate()))),
      ],
      threads: [placed(85, ...when(on, one(setMemoryAttributes(bounds))))],
    }
  },
  setUp: (kvm, { attributes: { changes } }) => {
    if (changes > 0) kvm.attributes[0].left = changes
  },
  refuses: (bounds) => {
    const { attributes, guest, host, shadow, notifier, fault, tdp, asyncPf, aging, dirtyLog, memslots } =
      bounds
    if (attributes.changes === 0) return null
    if (attributes.of.length === 0) return 'attributes.of names no frame, so there is nothing to change'
    const wrong = attributes.of.find((gfn) => gfn < guest.tables || gfn >= guest.gfns - guest.mmioGfns)
    if (wrong !== undefined) return `attributes.of: frame ${wrong} is a page table or MMIO, or there is none`
    if (new Set(attributes.of).size < attributes.of.length) return 'attributes.of names a frame twice'
    const pages = guest.gfns + attributes.of.length
    if (host.pfns < pages)
      return `attributes: host.pfns must be at least ${pages}, one private page for each frame of attributes.of`
    if (shadow.withoutGptes.length === 0 || shadow.levels > 1 || watched(bounds))
      return 'attributes needs a direct MMU with one level, and tables that do not change: shadow.withoutGptes'
    const other = notifier.threads > 0 || slots_change(bounds) || asyncPf.on || aging.calls > 0
    return other || fault.fast || tdp.on || fault.prefaults > 0 || dirtyLog.passes > 0 || memslots.mmio
      ? 'attributes: not with notifier, memslots that change, asyncPf, aging, dirtyLog or other faults (fault)'
      : null
  },
}
