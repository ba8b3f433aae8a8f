import { describe, expect, it } from 'vitest'
import { program, step } from '../../model/language/program.ts'
import { range, struct } from '../../model/language/shapes.ts'
import { compose, one } from '../../model/language/system.ts'
import { PackedHash } from './packed-hash.ts'
import { Tabulation } from './tabulation.ts'

const world = struct({
  a: range(0, 9),
  b: range(0, 999),
  c: range(0, 999),
  d: range(0, 999),
  e: range(0, 2),
})
const threads = [one(program('idle', 'does nothing', [step('rest', { validEnd: true }, {})]))]
const { layout } = compose({ name: 'several words', world, threads, initial: [() => {}] })
const { fields, words } = layout
const hash = new Tabulation(fields, 3)

/** The packed state of some encoded values, with other words around it. */
function packed(encoded: Uint16Array, around = -1): Int32Array {
  const all = new Int32Array(3 * words).fill(around)
  all.fill(0, words, 2 * words)
  layout.pack(encoded, all, words)
  return all
}

describe('hash lanes of packed states', () => {
  it('are those of their fields', () => {
    expect(words).toBeGreaterThan(1)
    const lanes = new PackedHash(fields, words, hash)
    for (const n of [0, 1, 2]) {
      const encoded = Uint16Array.from(fields, ({ shape }, f) => Math.min(shape.size - 1, f * n * 7))
      for (const around of [0, -1]) {
        expect(lanes.of(packed(encoded, around), words)).toBe(true)
        expect([lanes.low, lanes.high]).toEqual([hash.hashLow(encoded), hash.hashHigh(encoded)])
      }
    }
  })

  it('are not given for a value outside its domain, and the last ones stay', () => {
    const lanes = new PackedHash(fields, words, hash)
    const sound = new Uint16Array(fields.length)
    lanes.of(packed(sound), words)
    const before = [lanes.low, lanes.high]
    for (const [f, { shape, mask }] of fields.entries()) {
      if (shape.size > mask) continue
      const encoded = sound.slice()
      encoded[f] = shape.size - 1
      expect(lanes.of(packed(encoded), words)).toBe(true)
      lanes.of(packed(sound), words)
      encoded[f] = shape.size
      expect(lanes.of(packed(encoded), words)).toBe(false)
      expect([lanes.low, lanes.high]).toEqual(before)
    }
  })

  it('are given for exactly those bits that are of a field', () => {
    const lanes = new PackedHash(fields, words, hash)
    for (let bit = 0; bit < 32 * words; bit++) {
      const at = words + (bit >> 5)
      const state = packed(new Uint16Array(fields.length))
      state[at] ^= 1 << (bit & 31)
      const field = fields.find((f) => f.word === bit >> 5 && ((f.mask << f.shift) >>> (bit & 31)) & 1)
      const isCode = field !== undefined && 1 << ((bit & 31) - field.shift) < field.shape.size
      expect(lanes.of(state, words)).toBe(isCode)
    }
  })
})
