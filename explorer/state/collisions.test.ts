import { describe, expect, it } from 'vitest'
import { measuredCollision, predictedCollision } from './collisions.ts'
import { xoshiro } from './tabulation.ts'

/** A table with these fingerprints, by linear probing. */
function tableOf(fingerprints: readonly (readonly number[])[], slots: number): Int32Array {
  const stride = fingerprints[0].length
  const table = new Int32Array(slots * stride)
  for (const words of fingerprints) {
    let slot = words[0] & (slots - 1)
    while (table[slot * stride] !== 0 || table[slot * stride + 1] !== 0) slot = (slot + 1) & (slots - 1)
    table.set(words, slot * stride)
  }
  return table
}

/** How many times larger the measured probability of a collision is than the predicted one. */
function excess(stride: number, states: number, fingerprint: (n: number) => number[]): number {
  const all = Array.from({ length: states }, (_, n) => fingerprint(n))
  const slots = 2 ** Math.ceil(Math.log2((states * 4) / 3))
  const bits = 32 * stride
  return measuredCollision(tableOf(all, slots), stride, states, bits) / predictedCollision(states, bits)
}

describe.each([2, 3, 4])('fingerprints of %i words', (stride) => {
  const states = 5000
  const random = xoshiro(3)
  const good = (): number[] => Array.from({ length: stride }, random)

  it('of a good hash are measured as predicted', () => {
    for (const count of [256, 1000, 5000, 20_000]) {
      expect(excess(stride, count, good)).toBeLessThan(2)
      expect(excess(stride, count, good)).toBeGreaterThan(0.5)
    }
  })

  const bad: [string, (n: number) => number][] = [
    ['takes few values', (n) => Math.imul(n & 1023, 0x9e3779b1)],
    ['is always the same', () => 7],
    ['says little in its low bits', (n) => Math.imul(n, 0x9e3779b1) & 0xfff00000],
    ['says little in its high bits', (n) => Math.imul(n, 0x9e3779b1) >>> 20],
    ['takes each value four times', (n) => Math.imul(n >>> 2, 0x9e3779b1)],
  ]
  for (let word = 0; word < stride; word++) {
    it.each(bad)(`are seen to be bad where word ${word} %s`, (_, wordOf) => {
      const made = excess(stride, states, (n) => good().with(word, wordOf(n)))
      expect(made).toBeGreaterThan(4)
    })
  }

  it.each(Array.from({ length: stride - 1 }, (_, n) => n + 1))(
    'are seen to be bad where word %i is the first',
    (word) => {
      const made = excess(stride, states, () => {
        const words = good()
        return words.with(word, words[0])
      })
      expect(made).toBeGreaterThan(4)
    },
  )
})

it('a part of a large table says the same', () => {
  const random = xoshiro(4)
  const states = 2_000_000
  const slots = 1 << 22
  const fill = (highOf: () => number): number => {
    const table = new Int32Array(2 * slots)
    for (let n = 0; n < states; n++) {
      const low = random()
      let slot = low & (slots - 1)
      while (table[2 * slot] !== 0) slot = (slot + 1) & (slots - 1)
      table[2 * slot] = low
      table[2 * slot + 1] = highOf()
    }
    return measuredCollision(table, 2, states, 64) / predictedCollision(states, 64)
  }
  const fair = fill(random)
  expect(fair).toBeLessThan(1.5)
  expect(fair).toBeGreaterThan(0.7)
  expect(fill(() => random() & 0xffffff)).toBeGreaterThan(10)
})

it('of few states nothing is measured', () => {
  const table = new Int32Array(2 * 512)
  for (let slot = 0; slot < 300; slot++) table.set([slot + 1, 1], 2 * slot)
  expect(measuredCollision(table, 2, 255, 64)).toBe(predictedCollision(255, 64))
  expect(measuredCollision(table, 2, 256, 64)).toBeGreaterThan(10 * predictedCollision(256, 64))
})

it('a probability is at most one', () => {
  expect(predictedCollision(2 ** 40, 64)).toBe(1)
  expect(predictedCollision(2 ** 20, 64)).toBe(2 ** -25)
  const table = new Int32Array(2 * 2 ** 11).fill(1)
  expect(measuredCollision(table, 2, 2 ** 11, 32)).toBe(1)
})
