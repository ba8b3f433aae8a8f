import { describe, expect, it } from 'vitest'
import { designs } from '../../model/designs/index.ts'
import { drop, insert, only, type Patch } from '../../model/language/patch.ts'
import { step } from '../../model/language/program.ts'
import type { System } from '../../model/language/system.ts'
import { EXIT } from '../../model/machines/hand-over.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { type Plan, scenarioOutside } from '../../model/scenarios/build-scenario.ts'
import { scenarios } from '../../model/scenarios/index.ts'
import { map } from '../../model/scenarios/start.ts'
import { properties } from '../../properties/index.ts'
import { breadthFirst } from '../search/breadth-first.ts'

// Runs in which a property once said something else: a violation that it did not see, or one that was none.

function systemOf(scenario: string, patches: readonly Patch<Kvm>[] = []): System<Kvm> {
  const found = scenarios.find(({ id }) => id === scenario)
  if (found === undefined) throw new Error(`no scenario ${scenario}`)
  return found.build({ patches })
}

const own = (
  plan: Omit<Plan, 'id' | 'title' | 'about' | 'properties'>,
  patches: readonly Patch<Kvm>[] = [],
): System<Kvm> =>
  scenarioOutside({ id: 'own', title: '', about: '', properties: [], ...plan }).build({ patches })

function judge(id: string, system: System<Kvm>) {
  const property = properties.find((p) => p.id === id)
  if (property === undefined) throw new Error(`no property ${id}`)
  const { complete, modelError, properties: judged } = breadthFirst(system, [property])
  expect({ complete, modelError }).toEqual({ complete: true, modelError: null })
  const { verdict, trace } = judged[0]
  return { verdict, last: trace?.steps.at(-1)?.step ?? null }
}

const patchesOf = (id: string): readonly Patch<Kvm>[] => designs.find((d) => d.id === id)?.patches ?? []

describe('an SPTE that is stored and on no rmap yet (SET.4 to SET.6)', () => {
  it.each(['unsync-two-levels', 'unsync-cr3-switch', 'unsync-zap'])(
    'maps a table writable that is in sync, in %s',
    (scenario) => {
      const found = judge('writable-table-is-unsync', systemOf(scenario, patchesOf('writable-before-unsync')))
      expect(found).toEqual({ verdict: 'violated', last: 'PF/SET.4' })
    },
  )

  it('maps a table writable whose stores are tracked', () => {
    const system = systemOf('recursive-pgd', [drop('UN.1')])
    expect(judge('tracked-table-is-not-writable', system)).toMatchObject({
      verdict: 'violated',
      last: 'PF/SET.4',
    })
  })
})

describe('a page between ZAP.4 and ZAP.6', () => {
  it('need not be unsync', () => {
    const system = own({
      bounds: {
        shadow: { levels: 2, pages: 4 },
        guest: { gfns: 5, gvas: 4, edits: [{ gva: 2, index: 1, to: 4, w: true }], editsLeft: 1 },
        host: { pfns: 5 },
        zap: { threads: 1, pages: 1 },
      },
      start: {
        tables: [
          [1, 2],
          [3, null],
          [1, null],
        ],
        pages: [{ gfn: 0, level: 2 }],
      },
    })
    expect(judge('writable-table-is-unsync', system).verdict).toBe('holds')
  })
})

describe('synced-page-agrees', () => {
  it('waits for an emulated store to a table whose slot is logged', () => {
    const system = own({
      bounds: {
        shadow: { levels: 2, pages: 4 },
        guest: { gfns: 4, gvas: 2, reads: [0], edits: [{ gva: 1, index: 0, to: 2, w: true }], editsLeft: 1 },
        host: { pfns: 4 },
        dirtyLog: { passes: 1, of: [0] },
      },
      start: {
        tables: [
          [1, null],
          [3, 0],
          [3, 0],
        ],
        pages: [{ gfn: 0, level: 2 }],
      },
    })
    expect(judge('synced-page-agrees', system).verdict).toBe('holds')
  })

  it('asks nothing of direct pages', () => {
    expect(judge('synced-page-agrees', systemOf('huge-page-mapped-twice')).verdict).toBe('holds')
  })

  it('says nothing of tables that are written unseen', () => {
    expect(judge('synced-page-agrees', systemOf('mapped-to-mmio')).verdict).toBe('vacuous')
  })
})

describe('no-fault-retried-for-ever', () => {
  const id = 'no-fault-retried-for-ever'

  it('allows a fault on an INVALID slot, and one that meets an MMIO SPTE during an update', () => {
    expect(judge(id, systemOf('slot-move')).verdict).toBe('holds')
    expect(judge(id, systemOf('slot-delete-mmio')).verdict).toBe('holds')
  })

  it('takes a guest that is interrupted again and again for no fault', () => {
    const exits = insert<Kvm>(
      { after: 'interrupt' },
      step(
        'exit without end',
        { fn: 'vcpu_enter_guest', shows: 'VM-exit' },
        { when: (kvm, v) => kvm.vcpu[v].walk === null, to: EXIT.interrupt },
      ),
    )
    expect(judge(id, systemOf('reclaim-order', [exits])).verdict).toBe('holds')
    const found = judge(id, systemOf('reclaim-order', [exits, ...patchesOf('newest-pages-reclaimed')]))
    expect(found.verdict).toBe('violated')
  })
})

describe('parent-links-match', () => {
  it('has nothing to judge where tables have one level', () => {
    expect(judge('parent-links-match', systemOf('aging-rmap')).verdict).toBe('vacuous')
  })
})

describe('child-is-one-level-below', () => {
  it('allows the large SPTE of a huge page', () => {
    expect(judge('child-is-one-level-below', systemOf('dirty-log-protected-huge-page')).verdict).toBe('holds')
  })
})

describe('no-mapping-of-a-lost-page', () => {
  const id = 'no-mapping-of-a-lost-page'

  it('looks below PAE roots', () => {
    const plan = {
      bounds: {
        roots: { pae: 2 },
        shadow: { pages: 3 },
        guest: { gfns: 4, gvas: 2 },
        host: { pfns: 5 },
        notifier: { threads: 1, invalidations: 1, of: [3] },
      },
      start: { tables: [[2], [3]] },
    }
    expect(judge(id, own(plan)).verdict).toBe('holds')
    // No flush: a TLB entry is left. No zap: the SPTE is left.
    expect(judge(id, own(plan, [only('notifier', drop('NS.6'))])).verdict).toBe('violated')
    expect(judge(id, own(plan, [only('notifier', drop('NS.5'))])).verdict).toBe('violated')
  })

  it('knows all pages of a large SPTE', () => {
    const start = {
      tables: [[{ huge: 2 }, null]],
      pages: [{ gfn: 0, level: 2 }],
      begin: (kvm: Kvm) => map(kvm, 0, 0, 2, true),
    }
    const bounds = (gfn: number): Plan['bounds'] => ({
      shadow: { levels: 2, pages: 2, largeSptes: true },
      guest: { gfns: 4, gvas: 2, huge: true },
      host: { pfns: 5 },
      notifier: { threads: 1, invalidations: 1, of: [gfn] },
    })
    expect(judge(id, own({ bounds: bounds(2), start })).verdict).toBe('holds')
    // In the model a notifier finds a large SPTE by its first gfn only.
    expect(judge(id, own({ bounds: bounds(3), start })).verdict).toBe('violated')
  })
})

describe('no-stale-root-used', () => {
  it('excepts sending the request, not all that is done under mmu_lock', () => {
    const late = judge('no-stale-root-used', systemOf('roots-zap-one', patchesOf('request-before-invalid')))
    expect(late).toEqual({ verdict: 'violated', last: 'ZAP.8' })
  })
})
