import { describe, expect, it } from 'vitest'
import { EncodedValues } from '../../model/language/layout.ts'
import type { Counters } from '../../model/language/system.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { type Plan, scenarioOutside } from '../../model/scenarios/build-scenario.ts'
import { nothingAddedToAnInvalidSlot as property } from './nothing-added-to-an-invalid-slot.ts'

/** The table at gfn 1 is in the slot that is deleted; a vCPU has just built or found a shadow page of gfn `gfn`. */
function holds(gfn: number, installed: 'valid' | 'invalid', at: { memslot: string; vcpu: string }): boolean {
  const plan: Plan = {
    id: 'plan',
    title: '',
    about: '',
    properties: [],
    bounds: {
      guest: { gfns: 3, pgds: 2 },
      host: { pfns: 3 },
      memslots: { slots: 1, of: [null, 0, null], deletes: 1 },
    },
    start: {
      tables: [[2], [2]],
      pages: [
        { gfn: 0, level: 1 },
        { gfn: 1, level: 1 },
      ],
    },
  }
  const { layout, initial, view } = scenarioOutside(plan).build()
  const store = new EncodedValues(layout.fields.length)
  store.values.set(initial[0])
  const state = view(store) as { world: Kvm; at: Counters }
  state.world.slot[0].installed = installed
  state.world.vcpu[0].fault.child = gfn
  Object.assign(state.at.memslot, { 0: at.memslot })
  Object.assign(state.at.vcpu, { 0: at.vcpu })
  return property.holds(state.world, state.at)
}

describe('nothing-added-to-an-invalid-slot', () => {
  const waited = { memslot: 'SL.5/ZF.1', vcpu: 'LOAD.2/GET.end' }

  it('sees the shadow page of a table in the slot', () => {
    expect(holds(1, 'invalid', waited)).toBe(false)
    expect(holds(0, 'invalid', waited)).toBe(true)
    expect(holds(1, 'valid', waited)).toBe(true)
  })

  it('asks when the page was got, after the grace period', () => {
    expect(holds(1, 'invalid', { ...waited, vcpu: 'LOAD.1' })).toBe(true)
    expect(holds(1, 'invalid', { ...waited, memslot: 'SL.3/SRCU.1' })).toBe(true)
  })
})
