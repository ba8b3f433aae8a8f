import { describe, expect, it } from 'vitest'
import { EncodedValues, layout } from '../../language/layout.ts'
import { Oops } from '../../language/property.ts'
import { allBounds } from '../bounds.ts'
import { type Kvm, kvmWorld } from '../kvm.ts'
import { sortsOf } from '../sorts.ts'
import { oldest_pages, used_pages } from './quota.ts'
import { alloc_shadow_page, list_del_active } from './shadow-page.ts'

function pages(...gfns: number[]): Kvm {
  const bounds = allBounds({ shadow: { pages: 4 }, guest: { gfns: 4 } })
  const shape = layout(kvmWorld(bounds, sortsOf(bounds)))
  const kvm = shape.view(new EncodedValues(shape.fields.length)) as Kvm
  gfns.forEach((gfn, page) => {
    alloc_shadow_page(kvm, page, gfn, 1)
  })
  return kvm
}

describe('the quota of shadow pages', () => {
  it('counts zapped roots that are still held, and no other zapped pages', () => {
    const kvm = pages(0, 1, 2)
    expect(used_pages(kvm)).toBe(3)
    list_del_active(kvm, 0)
    kvm.page[0].list = 'pinned'
    list_del_active(kvm, 1)
    kvm.page[1].list = 'invalid_list of vcpu'
    expect(used_pages(kvm)).toBe(2)
    expect(oldest_pages(kvm)).toEqual([2])
  })

  it('does not walk through a page that was freed', () => {
    const kvm = pages(0, 1)
    kvm.page[0].list = 'free'
    expect(() => oldest_pages(kvm)).toThrow(Oops)
    kvm.page[0].list = 'active'
    kvm.page[1].list = 'free'
    expect(() => alloc_shadow_page(kvm, 2, 2, 1)).toThrow('used after it was freed')
  })
})
