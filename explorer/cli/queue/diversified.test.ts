import { describe, expect, it } from 'vitest'
import { diversified, inWords } from './diversified.ts'

describe('the searches of a swarm', () => {
  const swarm = diversified(64, 1, { timeLimit: 5 })

  it('differ from each other in method, length, orderings and seed', () => {
    expect(new Set(swarm.map(inWords)).size).toBe(64)
    const kinds = (of: (settings: (typeof swarm)[number]) => unknown): number => new Set(swarm.map(of)).size
    expect([kinds((s) => s.search), kinds((s) => s.maxDepth), kinds((s) => s.bugDepth)]).toEqual([3, 5, 6])
    expect(kinds((s) => s.seed)).toBe(64)
    // One of each is enough.
    expect(swarm.filter(({ search }) => search === 'preemptions').map((s) => s.maxPreemptions)).toEqual([
      1, 2, 3,
    ])
  })

  it('are those of their seed', () => {
    expect(diversified(64, 1, { timeLimit: 5 })).toEqual(swarm)
    expect(diversified(64, 2, { timeLimit: 5 })).not.toEqual(swarm)
    expect(diversified(8, 1, { timeLimit: 5 })).toEqual(swarm.slice(0, 8))
  })
})
