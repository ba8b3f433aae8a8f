import { describe, expect, it } from 'vitest'
import { EncodedValues, layout } from '../../language/layout.ts'
import { Oops } from '../../language/property.ts'
import { allBounds, type Bounds, type BoundsInput, last_generation, mergeBounds } from '../bounds.ts'
import { type Kvm, kvmWorld } from '../kvm.ts'
import {
  notifier_srcu_read_lock,
  notifier_srcu_read_unlock,
  srcu_read_lock,
  srcu_read_unlock,
} from '../primitives/srcu.ts'
import { free_desc, kvm_zap_rmap, rmap_add, rmap_entries, rmap_remove } from '../shadow/rmap.ts'
import { alloc_shadow_page, free_shadow_page } from '../shadow/shadow-page.ts'
import { sortsOf } from '../sorts.ts'
import { gfn_to_hva, hva_to_gfn, look_up_and_use_slot, slot_found, use_slot_arrays } from './memslot.ts'

/** Frame 0 holds a table; frame 1 lies in slot 0, frame 2 in a slot that never changes. */
const bounds: Bounds = allBounds({
  vcpus: 2,
  guest: { gfns: 3, entries: 2 },
  host: { pfns: 3, dirty: true },
  memslots: { slots: 1, of: [null, 0, null], deletes: 1 },
  notifier: { threads: 1, invalidations: 1, of: [1] },
  shadow: { descs: 1 },
})

function world(changes: BoundsInput = {}): Kvm {
  const changed = allBounds(mergeBounds(bounds, changes))
  const shape = layout(kvmWorld(changed, sortsOf(changed)))
  const kvm = shape.view(new EncodedValues(shape.fields.length)) as Kvm
  kvm.slot_of_gfn[1] = 0
  alloc_shadow_page(kvm, 0, 0, 1)
  return kvm
}

function map(kvm: Kvm, index: number, gfn: number): void {
  const entry = kvm.page[0].spte[index]
  entry.kind = 'leaf'
  entry.gfn = gfn
  entry.pfn = gfn
  rmap_add(kvm, gfn, { page: 0, index })
}

describe('a memslot', () => {
  it('is found while it is INVALID, and not when it is gone', () => {
    const kvm = world()
    expect(slot_found(kvm, 1)).toBe('valid')
    kvm.slot[0].installed = 'invalid'
    expect(slot_found(kvm, 1)).toBe('invalid')
    kvm.slot[0].installed = 'gone'
    expect(slot_found(kvm, 1)).toBe('none')
    expect(slot_found(kvm, 2)).toBe('valid')
  })

  it('can be used through an old pointer until its arrays are freed, but not looked up when it is gone', () => {
    const kvm = world()
    kvm.slot[0].installed = 'gone'
    expect(() => use_slot_arrays(kvm, 1)).not.toThrow()
    expect(() => look_up_and_use_slot(kvm, 1)).toThrow(Oops)
    kvm.slot[0].arrays = 'freed'
    expect(() => use_slot_arrays(kvm, 1)).toThrow(Oops)
    expect(() => use_slot_arrays(kvm, 2)).not.toThrow()
  })
})

describe('the memory of a memslot', () => {
  it('is what its frames lie on, where slots stay where they are', () => {
    const kvm = world()
    expect(gfn_to_hva(kvm, 1)).toBe(1)
    expect(hva_to_gfn(kvm, 1)).toBe(1)
    kvm.slot[0].installed = 'gone'
    expect(hva_to_gfn(kvm, 1)).toBe(null)
  })

  it('is found under the frames that it has been moved to', () => {
    const kvm = world({ memslots: { slots: 2, deletes: 0, moves: 1 } })
    kvm.slot_of_gfn[2] = 1
    for (const [gfn, hva] of [0, 1, 1].entries()) kvm.hva_of_gfn[gfn] = hva
    kvm.slot[1].installed = 'gone'
    expect(gfn_to_hva(kvm, 2)).toBe(1)
    expect(hva_to_gfn(kvm, 1)).toBe(1)
    kvm.slot[0].installed = 'invalid'
    expect(hva_to_gfn(kvm, 1)).toBe(1)
    kvm.slot[0].installed = 'gone'
    expect(hva_to_gfn(kvm, 1)).toBe(null)
    kvm.slot[1].installed = 'valid'
    expect(hva_to_gfn(kvm, 1)).toBe(2)
    expect(hva_to_gfn(kvm, 2)).toBe(null)
  })
})

describe('the generations of memslots', () => {
  it('are as many as sets that are installed, unless they wrap', () => {
    expect(last_generation(bounds)).toBe(0)
    expect(last_generation(allBounds({ memslots: { creates: 1 } }))).toBe(1)
    expect(last_generation(allBounds({ memslots: { deletes: 1, mmio: true } }))).toBe(2)
    expect(last_generation(allBounds({ memslots: { creates: 1, generations: 4 } }))).toBe(3)
  })
})

describe('readers of kvm->srcu', () => {
  it('are not waited for any more when they have left', () => {
    const kvm = world()
    srcu_read_lock(kvm, 0)
    srcu_read_lock(kvm, 1)
    notifier_srcu_read_lock(kvm, 0)
    kvm.memslot[0].vcpu_readers.add(0)
    kvm.memslot[0].notifier_readers.add(0)
    srcu_read_unlock(kvm, 1)
    expect(kvm.memslot[0].vcpu_readers.elements()).toEqual([0])
    srcu_read_unlock(kvm, 0)
    notifier_srcu_read_unlock(kvm, 0)
    expect(kvm.memslot[0].vcpu_readers.isEmpty()).toBe(true)
    expect(kvm.memslot[0].notifier_readers.isEmpty()).toBe(true)
  })

  it('that enter again are new readers', () => {
    const kvm = world()
    srcu_read_lock(kvm, 0)
    kvm.memslot[0].vcpu_readers.add(0)
    srcu_read_unlock(kvm, 0)
    srcu_read_lock(kvm, 0)
    expect(kvm.vcpu_in_srcu[0]).toBe(true)
    expect(kvm.memslot[0].vcpu_readers.isEmpty()).toBe(true)
  })
})

describe('a rmap', () => {
  it('gets a descriptor with its second entry, freed when it is empty', () => {
    const kvm = world()
    map(kvm, 0, 2)
    expect(kvm.rmap_desc[2]).toBe(null)
    map(kvm, 1, 2)
    expect(kvm.rmap_desc[2]).toBe(0)
    rmap_remove(kvm, { page: 0, index: 0 })
    free_desc(kvm, 2)
    expect(kvm.desc_allocated[0]).toBe(true)
    rmap_remove(kvm, { page: 0, index: 1 })
    free_desc(kvm, 2)
    expect(kvm.desc_allocated[0]).toBe(false)
  })

  it('is zapped entry by entry, and what the guest wrote is passed on to the host page', () => {
    const kvm = world()
    map(kvm, 0, 2)
    kvm.page[0].spte[0].dirty = true
    expect(kvm_zap_rmap(kvm, 2)).toBe(true)
    expect(kvm.page[0].spte[0].kind).toBe('none')
    expect(kvm.host_page[2].dirty).toBe(true)
    expect(rmap_entries(kvm, 2)).toEqual([])
    expect(kvm_zap_rmap(kvm, 2)).toBe(false)
  })

  it('that points into a freed page is an oops when it is followed', () => {
    const kvm = world()
    map(kvm, 0, 2)
    free_shadow_page(kvm, 0)
    expect(() => kvm_zap_rmap(kvm, 2)).toThrow(Oops)
  })
})
