import { describe, expect, it } from 'vitest'
import { Draws } from './draws.ts'

const drawn = (seed: number, walk: number, bound: number, count: number): number[] => {
  const draws = new Draws(seed, walk)
  return Array.from({ length: count }, () => draws.below(bound))
}

describe('draws', () => {
  it('are the same for the same seed and walk, and others for others', () => {
    expect(drawn(3, 4, 1000, 20)).toEqual(drawn(3, 4, 1000, 20))
    const firsts = [0, 1, 2].flatMap((seed) =>
      [0, 1, 2, 2 ** 33].map((walk) => drawn(seed, walk, 2 ** 32, 4).join()),
    )
    expect(new Set(firsts).size).toBe(firsts.length)
  })

  it('are spread evenly, across walks too', () => {
    const count = 60_000
    const tallies = [
      drawn(1, 0, 6, count),
      Array.from({ length: count }, (_, walk) => new Draws(1, walk).below(6)),
    ]
    for (const values of tallies) {
      for (let face = 0; face < 6; face++) {
        // Ten thousand expected; five standard deviations are about 456.
        const times = values.filter((v) => v === face).length
        expect(Math.abs(times - count / 6)).toBeLessThan(456)
      }
    }
  })

  it('shuffle into every order about equally often', () => {
    const times = new Map<string, number>()
    for (let walk = 0; walk < 6000; walk++) {
      const list = [0, 1, 2]
      new Draws(9, walk).shuffle(list)
      times.set(list.join(''), (times.get(list.join('')) ?? 0) + 1)
    }
    expect(times.size).toBe(6)
    for (const n of times.values()) expect(Math.abs(n - 1000)).toBeLessThan(150)
  })
})
