import { describe, expect, it } from 'vitest'
import { xoshiro } from '../../state/tabulation.ts'
import { estimated, merged, StateSketch } from './state-sketch.ts'

/** The sketch of the states with these numbers. */
function sketchOf(from: number, end: number): readonly number[] {
  const sketch = new StateSketch(2)
  for (let n = from; n < end; n++) sketch.add(Int32Array.of(n, n >>> 3))
  return sketch.least
}

describe('a sketch of states', () => {
  it('counts few states exactly, and each once', () => {
    const sketch = new StateSketch(1)
    for (let n = 0; n < 1000; n++) sketch.add(Int32Array.of(n % 100))
    expect(estimated(sketch.least)).toBe(100)
    expect(estimated([])).toBe(0)
  })

  it('estimates many, and how many there are in two together', () => {
    const [one, other] = [sketchOf(0, 50_000), sketchOf(30_000, 80_000)]
    for (const [sketch, states] of [
      [one, 50_000],
      [merged([one, other]), 80_000],
      [merged([one, one]), 50_000],
    ] as const)
      expect(Math.abs(estimated(sketch) / states - 1)).toBeLessThan(0.15)
  })

  it('does not depend on the order', () => {
    const random = xoshiro(1)
    const states = Array.from({ length: 5000 }, () => random())
    const [forwards, backwards] = [new StateSketch(1), new StateSketch(1)]
    for (const state of states) forwards.add(Int32Array.of(state))
    for (const state of states.toReversed()) backwards.add(Int32Array.of(state))
    expect(backwards.least).toEqual(forwards.least)
  })
})
