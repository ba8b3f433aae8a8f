import { describe, expect, it } from 'vitest'
import { EncodedValues, layout } from '../../language/layout.ts'
import { allBounds, type Bounds, type BoundsInput, mergeBounds } from '../bounds.ts'
import { type Kvm, kvmWorld } from '../kvm.ts'
import { alloc_shadow_page } from '../shadow/shadow-page.ts'
import { sortsOf } from '../sorts.ts'
import {
  CURRENT,
  clear_slot,
  current_root_name,
  is_root_usable,
  loaded_roots,
  root_has_no_page,
  root_in_slot,
  root_name,
  root_page,
  root_slots,
  roots_of,
  switch_mmu,
} from './mmu.ts'

function world(bounds: BoundsInput): { kvm: Kvm; bounds: Bounds } {
  const all: Bounds = allBounds(mergeBounds({ shadow: { pages: 4 }, guest: { gfns: 4 } }, bounds))
  const shape = layout(kvmWorld(all, sortsOf(all)))
  return { kvm: shape.view(new EncodedValues(shape.fields.length)), bounds: all }
}

describe('the name of a root', () => {
  it('says that it is a page, and for which page directory', () => {
    const { kvm } = world({})
    kvm.page[0].gfn = 1
    expect(root_name(kvm, 0)).toBe('page 0 (pgd 1)')
    expect(root_name(kvm, 2)).toBe('page 2')
    expect(current_root_name(kvm, 0)).toBe('root page 0 (pgd 1)')
    expect(current_root_name(kvm, null)).toBe('root = INVALID_PAGE')
  })
})

describe('two MMUs of a vCPU', () => {
  const twoMmus = () => {
    const { kvm } = world({ nested: { mmus: 2 }, roots: { prev: 1 }, guest: { paeToggles: 1 } })
    const vcpu = kvm.vcpu[0]
    vcpu.root = 0
    vcpu.root_pgd = 1
    vcpu.prev_roots[0] = 1
    vcpu.prev_pgds[0] = 2
    vcpu.cpu_role_pae = true
    vcpu.other_mmu[0].root = 2
    vcpu.other_mmu[0].prev_roots[0] = 3
    return kvm
  }

  it('are exchanged with all their roots and roles', () => {
    const kvm = twoMmus()
    switch_mmu(kvm, 0)
    expect(roots_of(kvm, 0)).toEqual([2, 3, 0, 1])
    expect(kvm.vcpu[0].cpu_role_pae).toBe(false)
    expect(kvm.vcpu[0].other_mmu[0].prev_pgds[0]).toBe(2)
    expect(kvm.vcpu[0].other_mmu[0].root_pgd).toBe(1)
    expect(kvm.vcpu[0].other_mmu[0].cpu_role_pae).toBe(true)
    switch_mmu(kvm, 0)
    expect(roots_of(kvm, 0)).toEqual([0, 1, 2, 3])
    expect(kvm.vcpu[0].root_pgd).toBe(1)
  })

  it('have slots that are emptied one by one', () => {
    const kvm = twoMmus()
    for (let slot = root_slots(kvm, 0) - 1; slot >= CURRENT; slot--) {
      expect(root_in_slot(kvm, 0, slot)).toBe(slot)
      clear_slot(kvm, 0, slot)
      expect(root_in_slot(kvm, 0, slot)).toBeNull()
      expect(roots_of(kvm, 0).filter((root) => root !== null)).toHaveLength(slot)
    }
  })
})

describe('is_root_usable()', () => {
  it('asks for the page directory of indirect roots only', () => {
    const { kvm } = world({ nested: { mmus: 2 } })
    const vcpu = kvm.vcpu[0]
    alloc_shadow_page(kvm, 0, 0, 1, {
      direct: true,
      no_write: false,
      guest_mode: false,
      pae: false,
      wp_clear: false,
    })
    alloc_shadow_page(kvm, 1, 1, 1, {
      direct: false,
      no_write: false,
      guest_mode: true,
      pae: false,
      wp_clear: false,
    })
    vcpu.root = 0
    vcpu.root_pgd = 2
    vcpu.cr3 = 1
    expect(is_root_usable(kvm, 0, CURRENT)).toBe(true)
    vcpu.nested = true
    expect(is_root_usable(kvm, 0, CURRENT)).toBe(false)
    vcpu.root = 1
    expect(is_root_usable(kvm, 0, CURRENT)).toBe(false)
    vcpu.root_pgd = 1
    expect(is_root_usable(kvm, 0, CURRENT)).toBe(true)
    kvm.page[1].role_invalid = true
    expect(is_root_usable(kvm, 0, CURRENT)).toBe(false)
  })
})

describe('a PAE root', () => {
  it('has no shadow page, and an entry for each part of the address space', () => {
    const { kvm, bounds } = world({ roots: { pae: 2 }, guest: { gvas: 2 } })
    expect(root_has_no_page(kvm, 0)).toBe(false)
    kvm.vcpu[0].pae_root[0] = 3
    kvm.vcpu[0].pae_root[1] = 1
    expect(root_has_no_page(kvm, 0)).toBe(true)
    expect(loaded_roots(kvm, 0)).toEqual([3, 1])
    expect(root_page(kvm, 0, bounds)).toBe(3)
    kvm.vcpu[0].gva = 1
    expect(root_page(kvm, 0, bounds)).toBe(1)
    clear_slot(kvm, 0, CURRENT)
    expect(loaded_roots(kvm, 0)).toEqual([])
  })
})
