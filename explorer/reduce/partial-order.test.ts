import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { System } from '../../model/language/system.ts'
import { referenceRun } from '../compile/reference.ts'
import { PUBLISHED_COUNTS } from '../oracles/published-counts.ts'
import { randomSystem } from '../oracles/random-system.ts'
import { breadthFirst } from '../search/breadth-first.ts'
import type { SearchResult } from '../search/result.ts'
import { randomSymmetric } from './random-symmetric.ts'

const tapes = fc.array(fc.nat(1 << 20), { minLength: 20, maxLength: 120 })

const verdicts = <W>({ properties }: SearchResult<W>) =>
  properties.map(({ property, verdict }) => ({ id: property.id, verdict }))

describe('random systems', () => {
  for (const reduce of ['por', 'all'] as const) {
    for (const [name, make] of [
      ['symmetric', randomSymmetric],
      ['any', randomSystem],
    ] as const) {
      test(`verdicts agree with the full search: ${reduce}, ${name}`, () => {
        let left = 0
        let whole = 0
        fc.assert(
          fc.property(tapes, (tape) => {
            const { system, properties } = make(tape) as ReturnType<typeof randomSystem>
            const full = breadthFirst(system, properties)
            const reduced = breadthFirst(system, properties, { reduce })
            expect(verdicts(reduced)).toEqual(verdicts(full))
            expect(reduced.states).toBeLessThanOrEqual(full.states)
            expect(reduced.transitions).toBeLessThanOrEqual(full.transitions)
            if (reduce === 'por') expect(reduced.deadlocks).toBe(full.deadlocks)
            for (const { trace } of reduced.properties)
              if (trace !== null) referenceRun(system as System, trace)
            left += reduced.states
            whole += full.states
          }),
          { numRuns: 150 },
        )
        console.log(reduce, name, left, whole)
      })
    }
  }
})

describe('published models keep their deadlocks', () => {
  for (const row of PUBLISHED_COUNTS) {
    if (row.states > 20_000) continue
    test(row.id, () => {
      const system = row.build()
      const full = breadthFirst(system, [])
      const reduced = breadthFirst(system, [], { reduce: 'por' })
      expect(reduced.deadlocks).toBe(full.deadlocks)
      expect(reduced.states).toBeLessThanOrEqual(full.states)
      console.log(row.id, full.states, reduced.states, JSON.stringify(reduced.reduction.partialOrder))
    })
  }
})
