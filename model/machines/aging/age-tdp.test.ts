import { expect, it } from 'vitest'
import type { Step } from '../../language/program.ts'
import { allBounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { copy_spte } from '../../memory/tdp/spte.ts'
import { emptyKvm, takeStep } from '../testing/take-step.ts'
import { type ClearAccessed, clearAccessed, tdpWalk } from './age-tdp.ts'

const bounds = allBounds({
  tdp: { on: true },
  shadow: { pages: 3, levels: 2 },
  guest: { gfns: 2, tables: 0, entries: 2 },
  host: { pfns: 2 },
  aging: { calls: 1, of: [1], accessed: true },
})

/** Page 0 is a root whose first table, page 1, maps frame 1; the page was accessed. Aging begins to look at it. */
function mapped(): Kvm {
  const kvm = emptyKvm(bounds)
  const [root, table] = kvm.page
  root.list = 'tdp_mmu_roots'
  root.level = 2
  root.root_count = 1
  root.spte[0].kind = 'non-leaf'
  root.spte[0].child = 1
  table.list = 'tdp_mmu'
  const leaf = table.spte[1]
  leaf.kind = 'leaf'
  leaf.gfn = 1
  leaf.pfn = 1
  leaf.w = true
  leaf.accessed = true
  kvm.aging[0].gfn = 1
  return kvm
}

/** The leaf was read; then a fault has frozen it. */
function frozenMeanwhile(): Kvm {
  const kvm = mapped()
  const leaf = kvm.page[1].spte[1]
  copy_spte(leaf, kvm.aging[0].old_spte[0])
  kvm.aging[0].sp = 1
  kvm.aging[0].index = 1
  leaf.kind = 'frozen'
  leaf.gfn = null
  leaf.pfn = null
  leaf.w = false
  leaf.accessed = false
  return kvm
}

const take = (kvm: Kvm, step: Step<Kvm>): void => {
  takeStep(kvm, [step], step.name)
}

it('walks from the root to the leaf, in a section of RCU, and clears the bit that it has read', () => {
  const kvm = mapped()
  const walk = tdpWalk('T')
  const places = ['T1', 'T1', 'T2', 'Tend']
  const seen = places.map((at) => {
    takeStep(kvm, walk, at)
    return [kvm.aging[0].sp, kvm.rcu_threads.isEmpty(), kvm.page[1].spte[1].accessed]
  })
  expect(seen).toEqual([
    [1, false, true],
    [1, false, true],
    [1, false, false],
    [null, true, false],
  ])
  expect(kvm.aging[0]).toMatchObject({ young: true, consumed: true })
})

it('does not consume an access that it only records', () => {
  const kvm = mapped()
  for (const at of ['T1', 'T1', 'Tend']) takeStep(kvm, tdpWalk('T', 'records'), at)
  expect(kvm.page[1].spte[1].accessed).toBe(true)
  expect(kvm.aging[0]).toMatchObject({ recorded: true, young: false, consumed: false })
})

it.each<[ClearAccessed, boolean, string]>([
  ['cmpxchg', true, 'frozen'],
  ['and-not', true, 'none'],
  ['clear_bit', true, 'none'],
  ['and-not', false, 'frozen'],
])(
  '%s on an SPTE that is frozen by now (A bits in FROZEN: %s) leaves it %s',
  (by, frozenHasAccessed, left) => {
    const kvm = frozenMeanwhile()
    take(kvm, clearAccessed('T2', by, frozenHasAccessed))
    expect(kvm.page[1].spte[1].kind).toBe(left)
    expect(kvm.aging[0].consumed).toBe(false)
  },
)

it('finds a table that was freed to be used', () => {
  const kvm = frozenMeanwhile()
  kvm.page[1].list = 'free'
  expect(() => take(kvm, clearAccessed('T2', 'cmpxchg'))).toThrow(/page 1 of the TDP MMU after it was freed/)
})
