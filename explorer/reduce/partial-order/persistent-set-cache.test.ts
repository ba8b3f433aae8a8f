import { describe, expect, test } from 'vitest'
import { NONE } from './look-ahead.ts'
import { NOT_CACHED, PersistentSetCache } from './persistent-set-cache.ts'

describe('a decision is remembered of one state alone', () => {
  // More states than places, that differ in one word only: where that word is not compared, one state gets the
  // decision of another, and partial order reduction leaves out steps that it must not.
  test.each([
    [1, 0],
    [2, 0],
    [2, 1],
    [3, 0],
    [3, 1],
    [3, 2],
  ])('of %i words, differing in word %i', (words, differing) => {
    const decisions = new PersistentSetCache(words)
    const states = Array.from({ length: 80_000 }, (_, n) => {
      const state = new Int32Array(words).fill(5)
      // Odd multiples of an odd number: all different, and spread over all bits.
      state[differing] = Math.imul(2 * n + 1, 0x9e3779b1)
      return state
    })
    const decisionOf = (n: number): number => (n % 7) - 1
    let lost = 0
    states.forEach((state, n) => {
      decisions.remember(state, 0, decisionOf(n))
      if (decisions.of(state, 0) !== decisionOf(n)) lost++
    })
    let right = 0
    let wrong = 0
    states.forEach((state, n) => {
      const known = decisions.of(state, 0)
      if (known === decisionOf(n)) right++
      else if (known !== NOT_CACHED) wrong++
    })
    expect({ lost, wrong }).toEqual({ lost: 0, wrong: 0 })
    // Some have lost their places to others, and most places are used.
    expect(right).toBeGreaterThan(30_000)
    expect(right).toBeLessThan(65_537)
  })
})

test('no decision is taken for none', () => {
  // Threads are numbered from 0 on.
  expect(NOT_CACHED).toBeLessThan(NONE)
  expect(NONE).toBeLessThan(0)
})

test('of no state is there a decision before one is remembered, not even of zeros', () => {
  expect(new PersistentSetCache(2).of(new Int32Array(2), 0)).toBe(NOT_CACHED)
})

test('the words of a state may lie anywhere in an array', () => {
  const decisions = new PersistentSetCache(3)
  const words = Int32Array.of(9, 9, 9, -4, 7, 1 << 31, 9)
  const alone = words.slice(3, 6)
  decisions.remember(words, 3, 3)
  expect([decisions.of(alone, 0), decisions.of(words, 3), decisions.of(words, 2)]).toEqual([3, 3, NOT_CACHED])
  decisions.remember(alone, 0, -1)
  expect(decisions.of(words, 3)).toBe(-1)
})
