import { describe, expect, it } from 'vitest'
import { EncodedValues } from '../../model/language/layout.ts'
import type { Counters } from '../../model/language/system.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { alloc_shadow_page, INDIRECT } from '../../model/memory/shadow/shadow-page.ts'
import { type Plan, scenarioOutside } from '../../model/scenarios/build-scenario.ts'
import { leafIsOnItsRmap } from './leaf-is-on-its-rmap.ts'

/** One direct page with a leaf SPTE that is on no rmap. */
function judged(bounds: Plan['bounds'], guest_mode: boolean, list?: Kvm['page'][number]['list']): boolean {
  const start: Plan['start'] = {
    tables: [[1]],
    begin: (kvm) => {
      alloc_shadow_page(kvm, 0, 0, 1, { ...INDIRECT, direct: true, guest_mode })
      Object.assign(kvm.page[0].spte[0], { kind: 'leaf', gfn: 0, pfn: 0 })
      if (list !== undefined) kvm.page[0].list = list
    },
  }
  const plan: Plan = { id: 'plan', title: '', about: '', properties: [], bounds, start }
  const { layout, initial, view } = scenarioOutside(plan).build()
  const store = new EncodedValues(layout.fields.length)
  store.values.set(initial[0])
  const { world, at } = view(store) as { world: Kvm; at: Counters }
  const holds = leafIsOnItsRmap.holds(world, at)
  expect(leafIsOnItsRmap.given?.(world, at)).toBe(!holds)
  return holds
}

describe('leaf-is-on-its-rmap', () => {
  const nested = { nested: { mmus: 2 } } as const

  it('does not ask for SPTEs of the TDP MMU, which has no rmaps', () => {
    expect(judged({ ...nested, tdp: { on: true } }, false, 'tdp_mmu')).toBe(true)
  })

  it('asks for all others, direct pages of the shadow MMU and those of L2 included', () => {
    expect(judged(nested, false)).toBe(false)
    expect(judged({ ...nested, tdp: { on: true } }, true)).toBe(false)
  })
})
