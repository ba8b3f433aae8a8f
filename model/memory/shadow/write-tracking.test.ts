import { describe, expect, it } from 'vitest'
import { EncodedValues, layout } from '../../language/layout.ts'
import { allBounds, type Bounds, type BoundsInput, mergeBounds } from '../bounds.ts'
import { type Kvm, kvmWorld, mmu_lock_is_free } from '../kvm.ts'
import { sortsOf } from '../sorts.ts'
import { alloc_shadow_page, free_shadow_page } from './shadow-page.ts'
import { act_on_hint, clear_unsync_marks, kvm_mmu_mark_parents_unsync } from './write-tracking.ts'

/** Page 0 links pages 1 and 2. */
function world(bounds: BoundsInput): Kvm {
  const all: Bounds = allBounds(
    mergeBounds(
      {
        shadow: { levels: 2, pages: 3 },
        guest: { entries: 2, gfns: 4, tables: 3 },
      },
      bounds,
    ),
  )
  const shape = layout(kvmWorld(all, sortsOf(all)))
  const kvm = shape.view(new EncodedValues(shape.fields.length)) as Kvm
  alloc_shadow_page(kvm, 0, 0, 2)
  for (const index of [0, 1]) {
    alloc_shadow_page(kvm, 1 + index, 1 + index, 1)
    kvm.page[0].spte[index].kind = 'non-leaf'
    kvm.page[0].spte[index].child = 1 + index
    kvm.page[1 + index].parent_ptes[0].add(index)
  }
  return kvm
}

function makeUnsync(kvm: Kvm, page: number): void {
  kvm.page[page].unsync = true
  kvm_mmu_mark_parents_unsync(kvm, page)
}

describe('the marks of unsync pages', () => {
  it('are counted where the counter is a field', () => {
    const kvm = world({ nested: { mmus: 2 }, tdp: { on: true } })
    makeUnsync(kvm, 1)
    makeUnsync(kvm, 2)
    makeUnsync(kvm, 2)
    expect(kvm.page[0].unsync_child_bitmap.elements()).toEqual([0, 1])
    expect(kvm.page[0].unsync_children[0]).toBe(2)
    kvm.page[1].unsync = false
    clear_unsync_marks(kvm, 0)
    expect(kvm.page[0].unsync_child_bitmap.elements()).toEqual([1])
    expect(kvm.page[0].unsync_children[0]).toBe(1)
    free_shadow_page(kvm, 0)
    expect(kvm.page[0].unsync_children[0]).toBe(0)
  })

  it('are only marks elsewhere', () => {
    const kvm = world({})
    makeUnsync(kvm, 1)
    expect(kvm.page[0].unsync_child_bitmap.elements()).toEqual([0])
    expect(kvm.page[0].unsync_children).toHaveLength(0)
  })
})

describe('mmu_lock', () => {
  it('is free for a writer when it is not held for read either', () => {
    const kvm = world({ nested: { mmus: 2 }, tdp: { on: true } })
    expect(mmu_lock_is_free(kvm)).toBe(true)
    kvm.mmu_lock_readers.add(0)
    expect(mmu_lock_is_free(kvm)).toBe(false)
    kvm.mmu_lock_readers.delete(0)
    kvm.mmu_lock = 'vcpu'
    expect(mmu_lock_is_free(kvm)).toBe(false)
  })
})

describe('acting on a value of indirect_shadow_pages', () => {
  const remembered = (kvm: Kvm, shadowed: boolean): boolean => {
    kvm.wrong_hint[0] = false
    act_on_hint(kvm, shadowed)
    return kvm.wrong_hint[0]
  }

  it('is wrong when the pages say otherwise, whatever the count says', () => {
    const kvm = world({ writeTracking: { hintHistory: true } })
    // Built, and not counted yet.
    expect(kvm.indirect_shadow_pages).toBe(0)
    expect(remembered(kvm, false)).toBe(true)
    expect(remembered(kvm, true)).toBe(false)
    for (const page of [0, 1, 2]) kvm.page[page].role_invalid = true
    expect(remembered(kvm, true)).toBe(true)
    expect(remembered(kvm, false)).toBe(false)
  })

  it('stays remembered', () => {
    const kvm = world({ writeTracking: { hintHistory: true } })
    act_on_hint(kvm, false)
    act_on_hint(kvm, true)
    expect(kvm.wrong_hint[0]).toBe(true)
  })

  it('is not recorded unless the scenario asks for it', () => {
    const kvm = world({})
    act_on_hint(kvm, false)
    expect(kvm.wrong_hint).toHaveLength(0)
  })
})
