import { describe, expect, it } from 'vitest'
import { EncodedValues } from '../../model/language/layout.ts'
import type { Counters } from '../../model/language/system.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { type Plan, scenarioOutside } from '../../model/scenarios/build-scenario.ts'
import { map } from '../../model/scenarios/start.ts'
import { noFlushDebtAtUnlock } from './no-flush-debt-at-unlock.ts'

/** A vCPU in the guest, whose TLB caches one translation of `gva`. */
function inGuest(
  changes: Pick<Plan, 'bounds' | 'start'>,
  gva: number,
  cached: { readonly pfn: number; readonly w: boolean },
): { kvm: Kvm; at: Counters } {
  const plan: Plan = { id: 'plan', title: '', about: '', properties: [], ...changes }
  const { layout, initial, view } = scenarioOutside(plan).build()
  const store = new EncodedValues(layout.fields.length)
  store.values.set(initial[0])
  const { world: kvm, at } = view(store) as { world: Kvm; at: Counters }
  Object.assign(at.vcpu, { 0: 'RUN.9' })
  Object.assign(kvm.vcpu[0].tlb[gva], cached, { root: kvm.vcpu[0].root })
  return { kvm, at }
}

const holds = ({ kvm, at }: ReturnType<typeof inGuest>): boolean => {
  expect(noFlushDebtAtUnlock.given?.(kvm, at)).toBe(true)
  return noFlushDebtAtUnlock.holds(kvm, at)
}

describe('no-flush-debt-at-unlock', () => {
  const small = { bounds: { shadow: { pages: 1 }, guest: { dataWrites: true } } }
  const start = { tables: [[1]], pages: [{ gfn: 0, level: 1 }], filled: true }

  it('lets the dirty log owe the flush for W while the SPTE is MMU-writable', () => {
    const state = inGuest({ ...small, start }, 0, { pfn: 1, w: true })
    expect(holds(state)).toBe(true)
    state.kvm.page[0].spte[0].w = false
    expect(holds(state)).toBe(true)
    state.kvm.page[0].spte[0].mmuw = false
    expect(holds(state)).toBe(false)
  })

  it('lets it owe no other flush', () => {
    expect(holds(inGuest({ ...small, start }, 0, { pfn: 0, w: false }))).toBe(false)
    expect(holds(inGuest({ ...small, start: { ...start, filled: false } }, 0, { pfn: 1, w: false }))).toBe(
      false,
    )
  })

  it('knows which of the pages of a large SPTE backs an address', () => {
    const huge = {
      bounds: {
        shadow: { levels: 2, pages: 1, largeSptes: true },
        guest: { gfns: 4, gvas: 2, huge: true },
        host: { pfns: 4 },
      },
      start: {
        tables: [[{ huge: 2 }, null]],
        pages: [{ gfn: 0, level: 2 }],
        begin: (kvm: Kvm) => map(kvm, 0, 0, 2, true),
      },
    } satisfies Pick<Plan, 'bounds' | 'start'>
    expect(holds(inGuest(huge, 1, { pfn: 3, w: true }))).toBe(true)
    expect(holds(inGuest(huge, 0, { pfn: 2, w: true }))).toBe(true)
    expect(holds(inGuest(huge, 1, { pfn: 2, w: true }))).toBe(false)
  })
})
