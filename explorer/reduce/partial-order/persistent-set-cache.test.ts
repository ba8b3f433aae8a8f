import { describe, expect, it } from 'vitest'
import { NONE } from './look-ahead.ts'
import { NOT_CACHED, PersistentSetCache } from './persistent-set-cache.ts'

describe('an entry of the cache is that of one state alone', () => {
  // More states than slots, which differ in one word only: where that word is not compared, one state gets the
  // thread of another, and the reduction leaves out steps that it must not.
  it.each([
    [1, 0],
    [2, 0],
    [2, 1],
    [3, 0],
    [3, 1],
    [3, 2],
  ])('of %i words, differing in word %i', (words, differing) => {
    const cache = new PersistentSetCache(words)
    const states = Array.from({ length: 80_000 }, (_, n) => {
      const state = new Int32Array(words).fill(5)
      // Odd multiples of an odd number: all different, and spread over all bits.
      state[differing] = Math.imul(2 * n + 1, 0x9e3779b1)
      return state
    })
    const threadOf = (n: number): number => (n % 7) - 1
    let lost = 0
    states.forEach((state, n) => {
      cache.set(state, 0, threadOf(n))
      if (cache.get(state, 0) !== threadOf(n)) lost++
    })
    let right = 0
    let wrong = 0
    states.forEach((state, n) => {
      const known = cache.get(state, 0)
      if (known === threadOf(n)) right++
      else if (known !== NOT_CACHED) wrong++
    })
    expect({ lost, wrong }).toEqual({ lost: 0, wrong: 0 })
    // Some entries are overwritten, and most slots are used.
    expect(right).toBeGreaterThan(30_000)
    expect(right).toBeLessThan(65_537)
  })
})

it('a missing entry is not taken for the entry NONE', () => {
  // Threads are numbered from 0 on.
  expect(NOT_CACHED).toBeLessThan(NONE)
  expect(NONE).toBeLessThan(0)
})

it('an empty cache has no entry, not even for a state of zeros', () => {
  expect(new PersistentSetCache(2).get(new Int32Array(2), 0)).toBe(NOT_CACHED)
})

it('the words of a state may be anywhere in an array', () => {
  const cache = new PersistentSetCache(3)
  const words = Int32Array.of(9, 9, 9, -4, 7, 1 << 31, 9)
  const alone = words.slice(3, 6)
  cache.set(words, 3, 3)
  expect([cache.get(alone, 0), cache.get(words, 3), cache.get(words, 2)]).toEqual([3, 3, NOT_CACHED])
  cache.set(alone, 0, -1)
  expect(cache.get(words, 3)).toBe(-1)
})
