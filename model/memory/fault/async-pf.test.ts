import { describe, expect, it } from 'vitest'
import { EncodedValues, layout } from '../../language/layout.ts'
import { allBounds, type Bounds, type BoundsInput, mergeBounds } from '../bounds.ts'
import { type Kvm, kvmWorld } from '../kvm.ts'
import { sortsOf } from '../sorts.ts'
import {
  backing_page,
  free_async_pf,
  remember_fault,
  request_pending,
  same_mmu_kind,
  same_pgd,
  swap_addresses,
  swap_in,
} from './async-pf.ts'

function world(bounds: BoundsInput = {}): Kvm {
  const all: Bounds = allBounds(
    mergeBounds(
      {
        asyncPf: { on: true },
        guest: { gfns: 3, gvas: 2, tables: 2 },
        host: { pfns: 3 },
      },
      bounds,
    ),
  )
  const shape = layout(kvmWorld(all, sortsOf(all)))
  return shape.view(new EncodedValues(shape.fields.length)) as Kvm
}

describe('an async page fault', () => {
  it('belongs to a page directory, and to shadow paging', () => {
    const kvm = world()
    remember_fault(kvm, 0, 2)
    expect([same_mmu_kind(kvm, 0), same_pgd(kvm, 0)]).toEqual([true, true])
    kvm.vcpu[0].cr3 = 1
    expect([same_mmu_kind(kvm, 0), same_pgd(kvm, 0)]).toEqual([true, false])
  })

  it('of L1 is not one of L2, whatever the page directory', () => {
    const kvm = world({ nested: { mmus: 2 } })
    remember_fault(kvm, 0, 2)
    kvm.vcpu[0].cr3 = 1
    expect([same_mmu_kind(kvm, 0), same_pgd(kvm, 0)]).toEqual([true, true])
    kvm.vcpu[0].nested = true
    expect([same_mmu_kind(kvm, 0), same_pgd(kvm, 0)]).toEqual([false, false])
  })

  it('keeps its address separate from that of the guest’s instruction', () => {
    const kvm = world()
    kvm.vcpu[0].gva = 1
    remember_fault(kvm, 0, 2)
    kvm.vcpu[0].gva = 0
    swap_addresses(kvm, 0)
    expect(kvm.vcpu[0].gva).toBe(1)
    swap_addresses(kvm, 0)
    expect(kvm.vcpu[0].gva).toBe(0)
  })

  it('leaves nothing when it is freed, but the work that a kworker is doing', () => {
    const kvm = world()
    kvm.vcpu[0].gva = 1
    remember_fault(kvm, 0, 2)
    kvm.vcpu[0].async_pf[0].work = 'running'
    free_async_pf(kvm, 0)
    const nothing = { queued: false, done: false, cr2_or_gpa: 0, gfn: null, direct_map: false, cr3: null }
    expect(kvm.vcpu[0].async_pf[0]).toMatchObject({ ...nothing, work: 'running' })
  })
})

describe('a page that is swapped out', () => {
  it('backs its frame when it is in again', () => {
    const kvm = world()
    expect(backing_page(kvm, 2)).toBeNull()
    expect(swap_in(kvm, 2)).toBe(2)
    expect(backing_page(kvm, 2)).toBe(2)
  })
})

describe('requests of a vCPU', () => {
  it('are those of the MMU, and that a page has arrived', () => {
    const kvm = world()
    expect(request_pending(kvm, 0)).toBe(false)
    kvm.vcpu[0].apf_ready = true
    expect(request_pending(kvm, 0)).toBe(true)
    kvm.vcpu[0].apf_ready = false
    kvm.vcpu[0].requests.add('TLB_FLUSH')
    expect(request_pending(kvm, 0)).toBe(true)
  })
})
