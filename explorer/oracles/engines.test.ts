import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { tool } from '../cli/testing/built-programs.ts'
import { breadthFirst } from '../search/breadth-first.ts'
import { effort } from '../testing/effort.ts'
import { publishedModel } from './models.ts'
import { PUBLISHED_COUNTS } from './published-counts.ts'

// Workers are threads of the built program, so the built program is what is tested here.
const parallel: typeof import('../search/parallel/search.ts') = await import(tool('parallel-search'))

/** The published counts of a model that a search found, as far as they are published. */
const agree = (
  row: (typeof PUBLISHED_COUNTS)[number],
  found: { states: number; transitions: number; depth: number; deadlocks: number; complete: boolean },
): void => {
  expect(found.complete).toBe(true)
  expect(found.states).toBe(row.states)
  if (row.edges !== undefined) expect(found.transitions).toBe(row.edges)
  if (row.depth !== undefined) expect(found.depth).toBe(row.depth)
  if (row.deadlocks !== undefined) expect(found.deadlocks).toBe(row.deadlocks)
}

const small = PUBLISHED_COUNTS.filter((row) => row.states < effort(3_000, 10_000))

describe.each(small)('$id under every engine', (row) => {
  it.each([2, 3])('%i workers, exact and with fingerprints', async (workers) => {
    const source = {
      module: pathToFileURL(tool('models')).href,
      function: publishedModel.name,
      arguments: [row.id],
    }
    for (const storage of ['exact', 'fingerprint'] as const) {
      agree(row, await parallel.parallelBreadthFirst(source, { workers, storage }))
    }
  })

  it.each([96, 128] as const)('fingerprints of %i bits', (fingerprintBits) => {
    agree(row, breadthFirst(row.build(), [], { storage: 'fingerprint', fingerprintBits }))
  })

  it('partial order reduction keeps deadlocks and adds nothing', () => {
    const full = breadthFirst(row.build(), [])
    const reduced = breadthFirst(row.build(), [], { reduce: 'por' })
    expect(reduced.complete).toBe(true)
    expect(reduced.states).toBeLessThanOrEqual(row.states)
    expect(reduced.deadlocks > 0).toBe(full.deadlocks > 0)
  })

  it.each(['exact', 'fingerprint'] as const)(
    'symmetry gives the published orbits in %s storage',
    (storage) => {
      const system = row.build()
      if (row.orbits === undefined || system.symmetric.length === 0) return
      const { states, complete } = breadthFirst(system, [], { reduce: 'symmetry', storage })
      expect(complete).toBe(true)
      expect(states).toBe(row.orbits.states)
    },
  )
})
