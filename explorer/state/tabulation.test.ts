import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { layout } from '../../model/language/layout.ts'
import { array, range, struct } from '../../model/language/shapes.ts'
import { Tabulation } from './tabulation.ts'

const { fields } = layout(struct({ a: array(6, range(0, 3)), b: range(0, 40) }))
const states = fc.tuple(...fields.map((f) => fc.nat(f.shape.size - 1)))

describe('Tabulation', () => {
  it('the change of a field changes the hash as recorded', () => {
    fc.assert(
      fc.property(states, states, fc.integer(), (before, after, seed) => {
        const hash = new Tabulation(fields, seed)
        let low = hash.hashLow(before)
        let high = hash.hashHigh(before)
        before.forEach((code, f) => {
          low ^= hash.deltaLow(f, code, after[f])
          high ^= hash.deltaHigh(f, code, after[f])
        })
        expect([low, high]).toEqual([hash.hashLow(after), hash.hashHigh(after)])
      }),
    )
  })

  it('states that differ in little collide as often as the birthday bound says', () => {
    const count = 4 ** 6 * 41
    for (const lane of ['low', 'high'] as const) {
      const hash = new Tabulation(fields, 3)
      const buckets = { lowest: new Int32Array(1 << 16), highest: new Int32Array(1 << 16) }
      const full = new Set<number>()
      for (let n = 0; n < count; n++) {
        const encoded = [...Array.from({ length: 6 }, (_, i) => (n >>> (2 * i)) & 3), n >>> 12]
        const value = lane === 'low' ? hash.hashLow(encoded) : hash.hashHigh(encoded)
        buckets.lowest[value & 0xffff]++
        buckets.highest[value >>> 16]++
        full.add(value)
      }
      expect(full.size).toBeGreaterThan(count - 1000)
      for (const bucket of Object.values(buckets)) {
        const pairs = bucket.reduce((sum, c) => sum + (c * (c - 1)) / 2, 0)
        const expected = (count * (count - 1)) / 2 / 2 ** 16
        expect(pairs / expected).toBeGreaterThan(0.8)
        expect(pairs / expected).toBeLessThan(1.25)
      }
    }
  })

  it('seeds give different hashes', () => {
    expect(new Tabulation(fields, 1).low).not.toEqual(new Tabulation(fields, 2).low)
    expect(new Tabulation(fields, 1).low).toEqual(new Tabulation(fields, 1).low)
  })
})
