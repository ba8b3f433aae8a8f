import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Frontier } from './frontier.ts'
import { levelRangesIn, sharedMemory } from './shared-memory.ts'

it('every state of a level is taken once, at any speed of the workers', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(100), fc.nat(5000)), { minLength: 1, maxLength: 4 }),
      fc.array(fc.nat(3)),
      (offers, order) => {
        const memory = sharedMemory(offers.length, 1, 2)
        const frontiers = offers.map((_, me) => new Frontier(levelRangesIn(memory), offers.length, me))
        // What was offered before is taken back by another offer.
        frontiers.forEach((frontier, me) => {
          const [first, count] = offers[me]
          frontier.offer(first, first + count + 7)
          frontier.offer(first, first + count)
        })
        const all = offers.reduce((sum, [, count]) => sum + count, 0)
        for (const frontier of frontiers) expect(frontier.turn()).toBe(all)
        const taken: string[] = []
        let left = all
        const take = (who: number): boolean => {
          const frontier = frontiers[who % offers.length]
          expect(frontier.left).toBe(left)
          if (!frontier.take()) return false
          left -= frontier.end - frontier.from
          for (let s = frontier.from; s < frontier.end; s++) taken.push(`${frontier.owner} ${s}`)
          return true
        }
        for (const who of order) take(who)
        frontiers.forEach((_, who) => {
          while (take(who)) expect(left).toBeGreaterThanOrEqual(0)
        })
        const expected = offers.flatMap(([first, count], w) =>
          Array.from({ length: count }, (_, n) => `${w} ${first + n}`),
        )
        expect(taken.sort()).toEqual(expected.sort())
      },
    ),
    { numRuns: 50 },
  )
})

it('a worker takes its own states first', () => {
  const memory = sharedMemory(2, 1, 2)
  const [mine, yours] = [0, 1].map((me) => new Frontier(levelRangesIn(memory), 2, me))
  mine.offer(0, 10)
  yours.offer(0, 10)
  mine.turn()
  yours.turn()
  expect([yours.take(), yours.owner, yours.take(), yours.owner, yours.take()]).toEqual([
    true,
    1,
    true,
    0,
    false,
  ])
})
