import { describe, expect, it } from 'vitest'
import { checkAgainstReference } from '../compile/check-against-reference.ts'
import { breadthFirst } from '../search/breadth-first.ts'
import { PUBLISHED_COUNTS } from './published-counts.ts'

describe.each(PUBLISHED_COUNTS)('$id ($parameters)', (row) => {
  it.each(['exact', 'fingerprint'] as const)('has the published counts in %s storage', (storage) => {
    const system = row.build()
    const { complete, states, transitions, depth, deadlocks } = breadthFirst(system, [], { storage })
    const { initial, edges, depth: far, deadlocks: published } = row
    expect(complete).toBe(true)
    expect(states).toBe(row.states)
    if (initial !== undefined) expect(system.initial).toHaveLength(initial)
    if (edges !== undefined) expect(transitions).toBe(edges)
    if (far !== undefined) expect(depth).toBe(far)
    if (published !== undefined) expect(deadlocks).toBe(published)
  })

  it('has no behaviour that xstate does not give it', () => {
    const system = row.build()
    const check = checkAgainstReference(system)
    let checked = 0
    const { complete, steps } = breadthFirst(system, [], {
      onRecord: (recording) => {
        check(recording)
        checked++
      },
    })
    expect(complete).toBe(true)
    expect(checked).toBeGreaterThanOrEqual(steps.size)
    // A step that is never taken would not be compared at all.
    expect([...steps].filter(([, fired]) => fired === 0)).toEqual([])
  })
})
