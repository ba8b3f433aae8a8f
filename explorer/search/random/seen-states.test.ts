import fc from 'fast-check'
import { expect, it } from 'vitest'
import { SeenStates } from './seen-states.ts'

/** Few distinct values, zero among them, so that lanes meet often; whole words besides. */
const lane = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }))

it('counts pairs of lanes as a set does, also while it grows', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(lane, lane), { maxLength: 200 }), fc.nat(6000), (pairs, more) => {
      const seen = new SeenStates()
      // Lanes (0, 0) and (1, 0) are one to it: they share a slot.
      const keys = new Set<string>()
      const wrong: string[] = []
      const many = Array.from({ length: more }, (_, n): [number, number] => [n & 7, n])
      for (const [low, high] of [...pairs, ...many, ...pairs]) {
        const key = low === 0 && high === 0 ? '1 0' : `${low} ${high}`
        if (seen.add(low, high) === keys.has(key)) wrong.push(key)
        keys.add(key)
      }
      expect(wrong).toEqual([])
      expect(seen.count).toBe(keys.size)
    }),
    { numRuns: 30 },
  )
})
