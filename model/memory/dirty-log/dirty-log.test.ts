import { describe, expect, it } from 'vitest'
import { EncodedValues, layout } from '../../language/layout.ts'
import { allBounds, type Bounds, type BoundsInput, mergeBounds } from '../bounds.ts'
import { type Kvm, kvmWorld } from '../kvm.ts'
import { rmap_add, rmap_write_protect } from '../shadow/rmap.ts'
import { alloc_shadow_page } from '../shadow/shadow-page.ts'
import { sortsOf } from '../sorts.ts'
import { fault_is_logged, is_logged, note_store } from './dirty-log.ts'

/** Frames 1 and 2 are logged, frame 3 is not. */
const bounds: Bounds = allBounds({
  guest: { gfns: 4 },
  host: { pfns: 4 },
  dirtyLog: { of: [1, 2], passes: 1 },
})

function worldWith(changes: BoundsInput = {}): Kvm {
  const changed = allBounds(mergeBounds(bounds, changes))
  const shape = layout(kvmWorld(changed, sortsOf(changed)))
  const kvm = shape.view(new EncodedValues(shape.fields.length)) as Kvm
  for (let gfn = 0; gfn < bounds.guest.gfns; gfn++) kvm.host_pte[gfn] = gfn
  return kvm
}

describe('the dirty log', () => {
  it('is on for the frames of logged slots only', () => {
    const kvm = worldWith()
    expect([1, 2, 3].map((gfn) => is_logged(kvm, gfn, bounds))).toEqual([true, true, false])
  })

  it('is on for a fault if it was when the fault looked up its slot', () => {
    const kvm = worldWith({ dirtyLog: { enables: true } })
    kvm.vcpu[0].fault.gpte[0].to = 1
    kvm.dirty_logging = true
    const enabled = allBounds(mergeBounds(bounds, { dirtyLog: { enables: true } }))
    expect(is_logged(kvm, 1, enabled)).toBe(true)
    expect(fault_is_logged(kvm, 0, enabled)).toBe(false)
    kvm.vcpu[0].fault.slot_logged = true
    expect(fault_is_logged(kvm, 0, enabled)).toBe(true)
    kvm.vcpu[0].fault.gpte[0].to = 3
    expect(fault_is_logged(kvm, 0, enabled)).toBe(false)
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
