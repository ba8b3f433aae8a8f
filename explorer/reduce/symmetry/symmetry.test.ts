import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Property } from '../../../model/language/property.ts'
import { referenceRun } from '../../../model/language/reference.ts'
import type { Sort } from '../../../model/language/shapes.ts'
import type { System } from '../../../model/language/system.ts'
import { PUBLISHED_COUNTS } from '../../oracles/published-counts.ts'
import { randomSystem } from '../../oracles/random-system.ts'
import { breadthFirst, type SearchOptions } from '../../search/breadth-first.ts'
import type { SearchResult } from '../../search/result.ts'
import { effort } from '../../testing/effort.ts'
import { AsymmetryError } from './asymmetry.ts'
import type { SymmetryReport } from './symmetry.ts'
import { randomSymmetric } from './testing/random-symmetric.ts'
import { sortsOf } from './testing/sorts-of.ts'

const tapes = fc.array(fc.nat(1 << 20), { minLength: 20, maxLength: 120 })

const verdicts = ({ properties }: SearchResult) =>
  properties.map(({ id, verdict, trace }) => ({
    id,
    verdict,
    length: trace?.steps.length ?? null,
  }))

/** The result of a search; null where a claim of symmetry is refused. */
function orRefused(search: () => SearchResult): SearchResult | null {
  try {
    return search()
  } catch (error) {
    if (error instanceof AsymmetryError) return null
    throw error
  }
}

/** Every trace must be a run of the system as xstate runs it, and end where its property says. */
function expectRealTraces<W>(
  system: System<W>,
  properties: readonly Property<W>[],
  { properties: results }: SearchResult,
): void {
  for (const [n, { trace }] of results.entries()) {
    if (trace === null) continue
    const { states, fault } = referenceRun(system, trace)
    const encoded = states[states.length - 1]
    const { world, at } = system.view({ read: (f) => encoded[f], write: () => {} })
    const p = properties[n]
    if (p.kind === 'invariant') expect(p.holds(world, at)).toBe(false)
    if (p.kind === 'witness') expect(p.seen(world, at)).toBe(true)
    expect(fault?.property ?? null).toBe(p.kind === 'fault' ? p.id : null)
    if (p.kind === 'action') {
      const { thread, step } = trace.steps[trace.steps.length - 1]
      const { program, self } = system.threads.find(({ name }) => name === thread) as System<W>['threads'][0]
      const [before, after] = states.slice(-2)
      const show = (of: Uint16Array): W => system.view({ read: (f) => of[f], write: () => {} }).world
      const view = { kind: program.kind, self, path: step }
      expect(p.holds(show(before), view, show(after))).toBe(false)
    }
  }
}

describe('published orbits', () => {
  for (const row of PUBLISHED_COUNTS) {
    if (row.orbits === undefined) continue
    const { sort, states, edges } = row.orbits
    for (const storage of ['exact', 'fingerprint'] as const) {
      it(`${row.id} has ${states} orbits, ${storage} storage`, { timeout: 60_000 }, () => {
        const system = row.build()
        const reduced = breadthFirst(system, [], { reduce: 'symmetry', storage })
        expect(reduced.states).toBe(states)
        if (edges !== undefined) expect(reduced.transitions).toBe(edges)
        if (row.depth !== undefined) expect(reduced.depth).toBe(row.depth)
        const report = reduced.reduction.symmetry as SymmetryReport
        expect(report.sorts.map(({ name }) => name)).toEqual([sort])
        expect({ closed: report.closed, represented: report.represented }).toEqual({
          closed: true,
          represented: row.states,
        })
      })
    }
  }
})

describe('random symmetric systems', () => {
  const options: SearchOptions[] = [{ reduce: 'symmetry' }, { reduce: 'symmetry', storage: 'fingerprint' }]
  for (const how of options) {
    it(`verdicts, lengths and counts agree with the full search, ${how.storage ?? 'exact'}`, () => {
      const factors: number[] = []
      fc.assert(
        fc.property(tapes, (tape) => {
          const { system, properties } = randomSymmetric(tape)
          const judged = properties.filter(({ kind }) => how.storage !== 'fingerprint' || kind !== 'progress')
          const full = breadthFirst(system, judged)
          const reduced = breadthFirst(system, judged, how)
          expect(verdicts(reduced)).toEqual(verdicts(full))
          expect(reduced.depth).toBe(full.depth)
          expect(reduced.states).toBeLessThanOrEqual(full.states)
          expect(reduced.transitions).toBeLessThanOrEqual(full.transitions)
          expect(reduced.deadlocks > 0).toBe(full.deadlocks > 0)
          const { symmetry, notApplied } = reduced.reduction
          expect(notApplied).toEqual([])
          expect(symmetry?.closed).toBe(true)
          expect(symmetry?.represented).toBe(full.states)
          expectRealTraces(system, judged, reduced)
          factors.push(reduced.reduction.factor)
        }),
        { numRuns: effort(25, 120) },
      )
      // The generator must give systems in which there is something to reduce.
      expect(Math.max(...factors)).toBeGreaterThan(4)
    })
  }
})

describe('systems of which nothing is known', () => {
  /** Sorts that are claimed to be symmetric without a check. */
  const claimed = (system: System<never>): System<never> => ({ ...system, symmetric: sortsOf(system) })

  // A single thread takes worker 0 for itself while nothing distinguishes the workers.
  const namesAnId = [
    309005, 2860, 0, 0, 263656, 0, 643341, 854165, 0, 0, 0, 218240, 0, 3642, 92769, 0, 62596, 0, 20423, 4609,
    0, 0, 0, 103012, 741623, 360671, 1000954, 1037632, 16240, 421549, 205920, 609123, 551659, 978638, 170515,
    347622, 123046, 118229, 862693, 319068, 80066, 1028616, 450816, 612669, 654069,
  ]

  it('the verdicts are those of the full search, or the claim is refused', () => {
    let refused = 0
    let applied = 0
    fc.assert(
      fc.property(tapes, (tape) => {
        const { system, properties } = randomSystem(tape)
        const full = breadthFirst(system, properties)
        const reduced = orRefused(() =>
          breadthFirst(claimed(system as never), properties as never, { reduce: 'symmetry' }),
        )
        if (reduced === null) {
          refused++
          return
        }
        expect(verdicts(reduced)).toEqual(verdicts(full))
        if (reduced.reduction.symmetry !== null) applied++
      }),
      { numRuns: effort(40, 200), examples: [[namesAnId]] },
    )
    // Some forty and some fifty in most runs; a run with far fewer would show nothing.
    expect(refused).toBeGreaterThan(10)
    expect(applied).toBeGreaterThan(0)
  })

  it('the same where code names ids now and then', () => {
    const used = [0, 0, 0]
    fc.assert(
      fc.property(tapes, (tape) => {
        const { system, properties } = randomSymmetric(tape, true)
        const full = breadthFirst(system, properties)
        const reduced = breadthFirst(system, properties, { reduce: 'all' })
        expect(verdicts(reduced)).toEqual(verdicts(full))
        expect(reduced.depth).toBe(full.depth)
        const { symmetry } = reduced.reduction
        expect(symmetry === null || symmetry.closed).toBe(true)
        if (symmetry !== null) expect(symmetry.represented).toBe(full.states)
        expectRealTraces(system, properties, reduced)
        used[symmetry?.sorts.length ?? 0]++
      }),
      { numRuns: effort(50, 240) },
    )
    for (const count of used.slice(1)) expect(count).toBeGreaterThan(5)
  })

  it('a claim that is not used is named in the result', () => {
    const system = { ...randomSymmetric([]).system, symmetric: [] as readonly Sort[] }
    const { reduction } = breadthFirst(system, [], { reduce: 'symmetry' })
    expect(reduction.symmetry).toBeNull()
    expect(reduction.notApplied).toEqual([{ kind: 'nothing-symmetric', system: 'random symmetric' }])
  })
})
