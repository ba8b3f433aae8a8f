/**
 * Bound on the probability that two of `states` different states have one fingerprint of `bits` bits
 * (so that one of them was lost): the number of pairs times 2^-bits, for a hash in which each pair collides
 * with that probability, as in tabulation.ts.
 */
export function predictedCollision(states: number, bits: number): number {
  return Math.min(1, (states * states) / 2 ** (bits + 1))
}

/** Pairs that should agree in the bits that are looked at. */
const EXPECTED_PAIRS = 4096

/** Slots that are looked at; a part of a large table says enough. */
const MOST_SLOTS = 1 << 21

/** Fingerprints below which so few pairs agree that nothing can be said. */
const FEWEST = 256

/** Pairs that agree in a whole word from which on their number says something. */
const ENOUGH_PAIRS = 64

/**
 * The same from the fingerprints that occurred: how many pairs agree in so many of their bits that some
 * thousands should, divided by two to the number of the other bits. Every word of the fingerprints is looked at,
 * and all words together; the largest of these numbers is given. So a hash that maps states too near to each
 * other in any of its words, or makes one word out of another, gives a number far above the predicted one.
 * @param table `[low, high, ...]` per slot of `stride` numbers, by open addressing with linear probing from
 * slot `low & (slots - 1)`; (0, 0) is a free slot.
 */
export function measuredCollision(table: Int32Array, stride: number, states: number, bits: number): number {
  if (states < FEWEST) return predictedCollision(states, bits)
  let most = byLowWord(table, stride, states, bits)
  const sample = sampleOf(table, stride)
  if (sample.length >= FEWEST) {
    const looked = Math.min(32, bitsFor(sample.length))
    const share = (states / sample.length) ** 2
    for (let word = 1; word < stride; word++) {
      const { some, all } = agreeing(
        sample.map((at) => scrambled(table[at + word])),
        looked,
      )
      most = Math.max(most, (some * share) / 2 ** (bits - looked))
      if (all >= ENOUGH_PAIRS) most = Math.max(most, (all * share) / 2 ** (bits - 32))
    }
    // The same number of bits of every word.
    const each = Math.floor(looked / stride)
    const mixed = sample.map((at) => {
      let key = 0
      for (let word = 0; word < stride; word++) key = (key << each) | (table[at + word] & (2 ** each - 1))
      return key
    })
    most = Math.max(most, (agreeing(mixed, 32).all * share) / 2 ** (bits - each * stride))
  }
  return Math.min(1, most)
}

/** Bits in which some thousands of pairs of so many fingerprints should agree. */
function bitsFor(states: number): number {
  return Math.ceil(2 * Math.log2(states) - 1 - Math.log2(EXPECTED_PAIRS))
}

/** By pairs that agree from the lowest bit of the low word on: they lie beside each other in the table. */
function byLowWord(table: Int32Array, stride: number, states: number, bits: number): number {
  const slots = table.length / stride
  // At 256 states and more these are never fewer than the bits that number a slot.
  const looked = Math.max(Math.min(64, bitsFor(states)), Math.log2(slots))
  const lowMask = looked >= 32 ? -1 : 2 ** looked - 1
  const highMask = looked >= 64 ? -1 : looked <= 32 ? 0 : 2 ** (looked - 32) - 1
  let pairs = 0
  let whole = 0
  const part = Math.min(slots, MOST_SLOTS)
  for (let slot = 0; slot < part; slot++) {
    const low = table[slot * stride]
    const high = table[slot * stride + 1]
    if (low === 0 && high === 0) continue
    // Equal slot numbers lie in one run without a free slot.
    for (let n = 1; n < slots; n++) {
      const other = ((slot + n) % slots) * stride
      if (table[other] === 0 && table[other + 1] === 0) break
      if (((table[other] ^ low) & lowMask) === 0 && ((table[other + 1] ^ high) & highMask) === 0) pairs++
      if (table[other] === low) whole++
    }
  }
  const estimate = (pairs * slots) / part / 2 ** (bits - looked)
  return whole < ENOUGH_PAIRS ? estimate : Math.max(estimate, (whole * slots) / part / 2 ** (bits - 32))
}

/** Where fingerprints begin, of all or of the first slots of a large table. */
function sampleOf(table: Int32Array, stride: number): Uint32Array {
  const end = Math.min(table.length, MOST_SLOTS * stride)
  const places = new Uint32Array(end / stride)
  let count = 0
  for (let at = 0; at < end; at += stride) if (table[at] !== 0 || table[at + 1] !== 0) places[count++] = at
  return places.subarray(0, count)
}

/** A word with every bit a matter of all its bits: different words stay different. */
function scrambled(word: number): number {
  let mix = Math.imul(word ^ (word >>> 16), 0x85ebca6b)
  mix = Math.imul(mix ^ (mix >>> 13), 0xc2b2ae35)
  return mix ^ (mix >>> 16)
}

/** Pairs of words that agree in their `looked` highest bits, and those that agree in all bits. */
function agreeing(words: Uint32Array, looked: number): { readonly some: number; readonly all: number } {
  const shift = 32 - looked
  words.sort()
  let some = 0
  let all = 0
  let first = 0
  let firstEqual = 0
  for (let n = 1; n < words.length; n++) {
    if (words[n] >>> shift !== words[n - 1] >>> shift) first = n
    if (words[n] !== words[n - 1]) firstEqual = n
    some += n - first
    all += n - firstEqual
  }
  return { some, all }
}
