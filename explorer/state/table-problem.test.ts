import { describe, expect, it } from 'vitest'
import { tableProblem } from './table-problem.ts'

/** Fingerprints by slot, of `lanes` lanes; null where the slot is free. */
function tableOf(lanes: number, slots: readonly (readonly number[] | null)[]): Int32Array {
  return Int32Array.from(slots.flatMap((entry) => entry ?? new Array<number>(lanes).fill(0)))
}

describe('a table of fingerprints', () => {
  it.each<[string, readonly (readonly number[] | null)[], number]>([
    ['empty', [null, null, null, null], 0],
    ['of one slot', [null], 0],
    ['with entries in their places', [[4, 1], null, [6, 1], [3, 1]], 3],
    ['with an entry after others of its place', [[4, 1], [8, 1], [1, 1], null], 3],
    ['with entries round its end', [[7, 1], [3, 0], null, [3, 1]], 3],
    ['with two of the same first lane', [null, [1, 1], [1, 2], null], 2],
    ['with two of the same second lane', [null, [1, 1], [5, 1], null], 2],
    ['with an entry whose first lane is zero', [[0, 5], null, null, null], 1],
    ['with an entry whose second lane is zero', [null, [1, 0], null, null], 1],
    ['filled to three quarters', [[0, 1], [1, 1], [2, 1], null], 3],
  ])('is one %s', (_, slots, states) => {
    expect(tableProblem(tableOf(2, slots), 2, states)).toBe(null)
  })

  it.each<[string, readonly (readonly number[] | null)[], number, string]>([
    ['of three slots', [null, null, null], 0, 'its table has 3 slots'],
    ['without slots', [], 0, 'its table has 0 slots'],
    ['with an entry less', [[4, 1], null, null, null], 2, 'its table has 1 entries for 2 states'],
    ['with an entry more', [[4, 1], [5, 1], null, null], 1, 'its table has 2 entries for 1 states'],
    [
      'that is full',
      [
        [0, 1],
        [1, 1],
        [2, 1],
        [3, 1],
      ],
      4,
      'its table has 4 entries in 4 slots',
    ],
    [
      'with an entry before its place',
      [[1, 1], null, null, null],
      1,
      'its table has an entry that is not in its place',
    ],
    [
      'with an entry after a gap',
      [[0, 1], null, [4, 1], null],
      2,
      'its table has an entry that is not in its place',
    ],
    ['with an entry twice', [null, [5, 2], [5, 2], null], 2, 'its table has an entry twice'],
    [
      'with an entry twice, others between',
      [[4, 1], [8, 1], [4, 1], null],
      3,
      'its table has an entry twice',
    ],
    ['with an entry twice round its end', [[3, 1], null, null, [3, 1]], 2, 'its table has an entry twice'],
  ])('is none %s', (_, slots, states, problem) => {
    expect(tableProblem(tableOf(2, slots), 2, states)).toBe(problem)
  })

  it('may have more lanes, all of which count', () => {
    const entries = [null, [1, 1, 1], [1, 1, 2], null] as const
    expect(tableProblem(tableOf(3, entries), 3, 2)).toBe(null)
    expect(tableProblem(tableOf(3, [null, [1, 1, 2], [1, 1, 2], null]), 3, 2)).toBe(
      'its table has an entry twice',
    )
    expect(tableProblem(new Int32Array(4), 3, 0)).toBe(`its table has ${4 / 3} slots`)
  })

  it('is not searched for long: entries lie near their places', () => {
    // One place for all: entry n lies n slots after it, (k - 1) k / 2 in all; 64 for each slot are allowed.
    const crowded = (slots: number, taken: number): string | null =>
      tableProblem(
        tableOf(
          2,
          Array.from({ length: slots }, (_, n) => (n < taken ? [0, n + 1] : null)),
        ),
        2,
        taken,
      )
    expect(crowded(256, 181)).toBe(null)
    expect(crowded(256, 182)).toBe('its table has an entry that is not in its place')
    // 128 * 64 is 8192; 128 entries would take 8128.
    expect(crowded(128, 96)).toBe(null)
  })

  it('may have exactly as many looks as are allowed', () => {
    // 64 * 512 is 32768: 256 entries take 32640, and one more that lies 128 after its place the rest.
    const entries = Array.from({ length: 512 }, (_, n) =>
      n < 256 ? [0, n + 1] : n === 256 ? [128, 1] : null,
    )
    expect(tableProblem(tableOf(2, entries), 2, 257)).toBe(null)
    entries[256] = [127, 1]
    expect(tableProblem(tableOf(2, entries), 2, 257)).toBe('its table has an entry that is not in its place')
  })
})
