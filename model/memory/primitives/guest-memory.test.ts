import { describe, expect, it } from 'vitest'
import { EncodedValues, layout } from '../../language/layout.ts'
import { allBounds, type Bounds, type BoundsInput, mergeBounds } from '../bounds.ts'
import { type Kvm, kvmWorld } from '../kvm.ts'
import { sortsOf } from '../sorts.ts'
import { promise_fresh } from '../vcpu/tlb.ts'
import { guest_walk, index_at, write_gpte } from './guest-memory.ts'

/** Two levels of two entries: table 0 -> [1, none], table 1 -> [frame 2, none]; both vCPUs run on table 0. */
function world(changes: BoundsInput = {}): Kvm {
  const bounds: Bounds = allBounds(
    mergeBounds(
      {
        vcpus: 2,
        shadow: { levels: 2 },
        guest: { entries: 2, tables: 2, gfns: 4, gvas: 4, edits: [{ gva: 0, index: 0, to: 3, w: true }] },
        host: { pfns: 4 },
      },
      changes,
    ),
  )
  const shape = layout(kvmWorld(bounds, sortsOf(bounds)))
  const kvm = shape.view(new EncodedValues(shape.fields.length)) as Kvm
  write_gpte(kvm, 1, 0, 2, true)
  write_gpte(kvm, 0, 0, 1, true)
  return kvm
}

const staleOn = (kvm: Kvm, v: number): number[] =>
  [0, 1, 2, 3].filter((gva) => kvm.vcpu[v].stale_allowed[gva])

describe('guest page tables', () => {
  it('are indexed by the digits of the address, from the top', () => {
    expect([0, 1, 2, 3].map((gva) => index_at(gva, 2, 2))).toEqual([0, 0, 1, 1])
    expect([0, 1, 2, 3].map((gva) => index_at(gva, 1, 2))).toEqual([0, 1, 0, 1])
  })

  it('lead to a frame, writable if all entries on the way are', () => {
    const kvm = world()
    expect(guest_walk(kvm, 0, 0)).toEqual({ gfn: 2, w: true })
    expect(guest_walk(kvm, 0, 1)).toBe(null)
    write_gpte(kvm, 0, 0, 1, false)
    expect(guest_walk(kvm, 0, 0)).toEqual({ gfn: 2, w: false })
  })

  it('end at a huge page, whose frames follow each other', () => {
    const kvm = world({ guest: { huge: true } })
    kvm.guest_table[0][1].to = 2
    kvm.guest_table[0][1].huge = true
    expect(guest_walk(kvm, 0, 2)).toEqual({ gfn: 2, w: false })
    expect(guest_walk(kvm, 0, 3)).toEqual({ gfn: 3, w: false })
  })
})

describe('what the guest must flush', () => {
  it('is nothing when an entry becomes present', () => {
    const kvm = world()
    expect(staleOn(kvm, 0)).toEqual([])
    write_gpte(kvm, 1, 1, 3, true)
    expect(staleOn(kvm, 0)).toEqual([])
  })

  it('is every address that a changed entry translates, on every vCPU', () => {
    const kvm = world()
    write_gpte(kvm, 1, 0, 3, true)
    expect(staleOn(kvm, 0)).toEqual([0])
    expect(staleOn(kvm, 1)).toEqual([0])
    promise_fresh(kvm, 0, 0)
    expect(staleOn(kvm, 0)).toEqual([])
    expect(staleOn(kvm, 1)).toEqual([0])
  })

  it('includes addresses whose lower entry is not present, because the upper one may be cached', () => {
    const kvm = world()
    write_gpte(kvm, 0, 0, null, false)
    expect(staleOn(kvm, 0)).toEqual([0, 1])
  })

  it('may stay stale when it is flushed while a store of another vCPU is being emulated', () => {
    const kvm = world()
    kvm.vcpu[1].storing = true
    write_gpte(kvm, 1, 0, 3, true)
    promise_fresh(kvm, 0, 0)
    expect(staleOn(kvm, 0)).toEqual([0])
  })
})
