import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isSampled } from './samples.ts'

const observations = fc
  .array(fc.tuple(fc.nat(400), fc.nat(60)), { minLength: 1, maxLength: 30 })
  .map((read) => {
    const base = new Uint16Array(401)
    for (const [field, value] of read) base[field] = value
    const observed = read.map(([field]) => field)
    return { observed, classes: observed.map((): Uint8Array | null => null), base }
  })

describe('a recording that is made twice', () => {
  it('is one of about sixteen', () => {
    const all = fc.sample(fc.tuple(fc.nat(200), observations), { numRuns: 4000, seed: 1 })
    const sampled = all.filter(([index, read]) => isSampled(index, read)).length
    expect(sampled).toBeGreaterThan(150)
    expect(sampled).toBeLessThan(350)
  })

  it('is chosen by what was observed of the state, and by nothing else', () => {
    let chosen = 0
    fc.assert(
      fc.property(fc.nat(200), observations, (index, read) => {
        const other = read.base.map((value, field) => (read.observed.includes(field) ? value : 1 + value))
        expect(isSampled(index, { ...read, base: other })).toBe(isSampled(index, read))
        // Of a value divided into classes, only the class.
        const halves = Uint8Array.from({ length: 64 }, (_, value) => value >> 5)
        const divided = { ...read, classes: read.observed.map(() => halves) }
        const moved = read.base.map((value) => value ^ 1)
        expect(isSampled(index, { ...divided, base: moved })).toBe(isSampled(index, divided))
        if (isSampled(index, read)) chosen++
      }),
      { numRuns: 500 },
    )
    expect(chosen).toBeGreaterThan(0)
  })
})
