import { describe, expect, it } from 'vitest'
import { Codes, layout } from '../language/layout.ts'
import { type Bounds, smallest } from './bounds.ts'
import { is_logged, mark_page_dirty, note_store } from './dirty-log.ts'
import { type Kvm, kvmWorld } from './kvm.ts'
import { rmap_add, rmap_write_protect } from './rmap.ts'
import { alloc_shadow_page } from './shadow-page.ts'
import { sortsOf } from './sorts.ts'

/** Frames 1 and 2 are logged, frame 3 is not. */
const bounds: Bounds = { ...smallest, gfns: 4, pfns: 4, logged: [1, 2], logPasses: 1 }

function worldWith(): Kvm {
  const shape = layout(kvmWorld(bounds, sortsOf(bounds)))
  const kvm = shape.view(new Codes(shape.fields.length)) as Kvm
  for (let gfn = 0; gfn < bounds.gfns; gfn++) kvm.host_pte[gfn] = gfn
  return kvm
}

describe('the dirty log', () => {
  it('has bits for the frames of logged slots only', () => {
    const kvm = worldWith()
    mark_page_dirty(kvm, 2, bounds)
    mark_page_dirty(kvm, 3, bounds)
    expect(kvm.dirty_bitmap.elements()).toEqual([2])
    expect([1, 2, 3].map((gfn) => is_logged(gfn, bounds))).toEqual([true, true, false])
  })

  it('notes stores under the frame that the host page backs now', () => {
    const kvm = worldWith()
    kvm.host_pte[1] = 3
    note_store(kvm, 3, bounds)
    note_store(kvm, 1, bounds)
    expect(kvm.uncopied.elements()).toEqual([1])
  })
})

describe('write-protecting the SPTEs of a frame', () => {
  function mapped(): { kvm: Kvm; entry: { w: boolean; mmuw: boolean } } {
    const kvm = worldWith()
    alloc_shadow_page(kvm, 0, 0, 1)
    const entry = kvm.page[0].spte[0]
    Object.assign(entry, { kind: 'leaf', gfn: 1, pfn: 1, w: true, mmuw: true })
    rmap_add(kvm, 1, { page: 0, index: 0 })
    return { kvm, entry }
  }

  it('for the log leaves them MMU-writable, and asks for a flush if W was set', () => {
    const { kvm, entry } = mapped()
    expect(rmap_write_protect(kvm, 1, false)).toBe(true)
    expect(entry).toMatchObject({ w: false, mmuw: true })
    expect(rmap_write_protect(kvm, 1, false)).toBe(false)
  })

  it('for a table asks for a flush although a pass over the log has taken W already', () => {
    const { kvm, entry } = mapped()
    rmap_write_protect(kvm, 1, false)
    expect(rmap_write_protect(kvm, 1)).toBe(true)
    expect(entry).toMatchObject({ w: false, mmuw: false })
    expect(rmap_write_protect(kvm, 1)).toBe(false)
  })
})
