import { describe, expect, it } from 'vitest'
import { EncodedValues, layout } from '../../language/layout.ts'
import { allBounds, type Bounds, type BoundsInput, mergeBounds } from '../bounds.ts'
import { type Kvm, kvmWorld } from '../kvm.ts'
import { sortsOf } from '../sorts.ts'
import {
  drain,
  increment_indirect_shadow_pages,
  is_drained,
  load_mode,
  store_gpte,
  store_mode,
  where_stored,
} from './store-buffer.ts'

function worldWith(chosen: BoundsInput): Kvm {
  const bounds: Bounds = allBounds(
    mergeBounds(
      {
        vcpus: 2,
        guest: { edits: [{ gva: 0, index: 0, to: 1, w: true }] },
        memoryOrder: { storeBuffers: true },
      },
      chosen,
    ),
  )
  const shape = layout(kvmWorld(bounds, sortsOf(bounds)))
  return shape.view(new EncodedValues(shape.fields.length)) as Kvm
}

describe('the store buffer of a CPU', () => {
  it('hides a store from the others until it drains, and shows it to its own CPU', () => {
    const kvm = worldWith({})
    store_mode(kvm, 0, 'IN_GUEST_MODE')
    expect(kvm.vcpu[0].mode).toBe('OUTSIDE_GUEST_MODE')
    expect(load_mode(kvm, 0)).toBe('IN_GUEST_MODE')
    expect(is_drained(kvm, 0)).toBe(false)
    expect(is_drained(kvm, 1)).toBe(true)
    drain(kvm, 0)
    expect(kvm.vcpu[0].mode).toBe('IN_GUEST_MODE')
    expect(is_drained(kvm, 0)).toBe(true)
  })

  it('keeps stores in order: a second one pushes the first out', () => {
    const kvm = worldWith({})
    increment_indirect_shadow_pages(kvm, 0)
    expect(kvm.indirect_shadow_pages).toBe(0)
    store_gpte(kvm, 0, 0, { index: 0, to: 1, w: true })
    expect(kvm.indirect_shadow_pages).toBe(1)
    expect(kvm.guest_table[0][0].to).toBe(null)
    drain(kvm, 0)
    expect(kvm.guest_table[0][0].to).toBe(1)
    expect(kvm.guest_table[0][0].w).toBe(true)
  })

  it('counts on from the memory that the first count has reached', () => {
    const kvm = worldWith({})
    increment_indirect_shadow_pages(kvm, 0)
    increment_indirect_shadow_pages(kvm, 0)
    drain(kvm, 0)
    expect(kvm.indirect_shadow_pages).toBe(2)
  })

  it('is not there without store buffers: stores reach memory at once', () => {
    const kvm = worldWith({ memoryOrder: { storeBuffers: false } })
    store_mode(kvm, 0, 'IN_GUEST_MODE')
    increment_indirect_shadow_pages(kvm, 0)
    store_gpte(kvm, 0, 0, { index: 0, to: 1, w: false })
    expect(kvm.vcpu[0].mode).toBe('IN_GUEST_MODE')
    expect(kvm.indirect_shadow_pages).toBe(1)
    expect(kvm.guest_table[0][0].to).toBe(1)
    expect(is_drained(kvm, 0)).toBe(true)
    expect(where_stored(kvm, 0)).toBe('')
  })

  it('is named where a store waits in it', () => {
    expect(where_stored(worldWith({ memoryOrder: { storeBuffers: true } }), 0)).toBe(' (in the store buffer)')
  })
})
