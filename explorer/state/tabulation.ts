import type { Field } from '../../model/language/fields.ts'

/**
 * Simple tabulation hashing of a state vector (Zobrist 1970; Patrascu and Thorup, "The power of simple
 * tabulation hashing", 2012): one random 64-bit word per field and value, combined by exclusive or.
 *
 * Two different states collide with probability exactly 2^-64 over the choice of the random words, whatever
 * the states look like, so the bound n^2/2^65 on the omission probability needs no assumption about the model. The
 * change of the hash by a transition is a constant (old word xor new word), which is part of its record.
 */
export class Tabulation {
  /** Low and high lanes; entry `offset[field] + encoded value`. */
  readonly low: Int32Array
  readonly high: Int32Array
  readonly offset: Int32Array

  constructor(fields: readonly Field[], seed: number) {
    this.offset = new Int32Array(fields.length)
    let size = 0
    fields.forEach((field, index) => {
      this.offset[index] = size
      size += field.shape.size
    })
    const random = xoshiro(seed)
    this.low = Int32Array.from({ length: size }, random)
    this.high = Int32Array.from({ length: size }, random)
  }

  /** Low lane of the change of the hash when `field` changes. */
  deltaLow(field: number, from: number, to: number): number {
    return this.low[this.offset[field] + from] ^ this.low[this.offset[field] + to]
  }

  /** High lane of the change of the hash when `field` changes. */
  deltaHigh(field: number, from: number, to: number): number {
    return this.high[this.offset[field] + from] ^ this.high[this.offset[field] + to]
  }

  /** Low lane of a whole state. */
  hashLow(encoded: ArrayLike<number>): number {
    let hash = 0
    for (let f = 0; f < encoded.length; f++) hash ^= this.low[this.offset[f] + encoded[f]]
    return hash
  }

  /** High lane of a whole state. */
  hashHigh(encoded: ArrayLike<number>): number {
    let hash = 0
    for (let f = 0; f < encoded.length; f++) hash ^= this.high[this.offset[f] + encoded[f]]
    return hash
  }
}

/** xoshiro128** (Blackman and Vigna 2018), 32-bit outputs, seeded through splitmix32. */
export function xoshiro(seed: number): () => number {
  let mix = seed | 0
  const splitmix = (): number => {
    mix = (mix + 0x9e3779b9) | 0
    let z = mix
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b)
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35)
    return z ^ (z >>> 16)
  }
  let a = splitmix()
  let b = splitmix()
  let c = splitmix()
  let d = splitmix() | 1
  return () => {
    const scrambled = Math.imul(b, 5)
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9)
    const t = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= t
    d = (d << 11) | (d >>> 21)
    return result
  }
}
