import { describe, expect, it } from 'vitest'
import { checkAgainstReference } from '../compile/check-against-reference.ts'
import { breadthFirst } from '../search/breadth-first.ts'
import type { SearchResult } from '../search/result.ts'
import { effort } from '../testing/effort.ts'
import { PUBLISHED_COUNTS } from './published-counts.ts'

/** Larger models are searched only in the long form of the tests, and with fingerprints only those a third as large. */
const SMALL = effort(60_000, Number.POSITIVE_INFINITY)

describe.each(PUBLISHED_COUNTS.filter(({ states }) => states <= SMALL))('$id ($parameters)', (row) => {
  const expectPublished = (
    { complete, states, transitions, depth, deadlocks }: SearchResult,
    initialStates: number,
  ): void => {
    const { initial, edges, depth: far, deadlocks: published } = row
    expect(complete).toBe(true)
    expect(states).toBe(row.states)
    if (initial !== undefined) expect(initialStates).toBe(initial)
    if (edges !== undefined) expect(transitions).toBe(edges)
    if (far !== undefined) expect(depth).toBe(far)
    if (published !== undefined) expect(deadlocks).toBe(published)
  }

  it('has the published counts, and no behaviour that xstate does not give it', () => {
    const system = row.build()
    const check = checkAgainstReference(system)
    let checked = 0
    const result = breadthFirst(system, [], {
      onRecord: (recording) => {
        check(recording)
        checked++
      },
    })
    expectPublished(result, system.initial.length)
    expect(checked).toBeGreaterThanOrEqual(result.steps.size)
    // A step that is never taken would not be compared at all.
    expect([...result.steps].filter(([, fired]) => fired === 0)).toEqual([])
  })

  if (row.states <= SMALL / 3) {
    it('has them in fingerprint storage', () => {
      const system = row.build()
      expectPublished(breadthFirst(system, [], { storage: 'fingerprint' }), system.initial.length)
    })
  }
})
