/**
 * Upper bound on the probability that two of `states` states share a fingerprint of `bits` bits, so that one of
 * them was omitted: the number of pairs times 2^-bits. Holds for a hash in which each pair collides with
 * probability 2^-bits, as in tabulation.ts.
 */
export function predictedCollision(states: number, bits: number): number {
  return Math.min(1, (states * states) / 2 ** (bits + 1))
}

/** How many pairs should agree by chance in the bits that are compared. */
const EXPECTED_PAIRS = 4096

/** Slots that are examined: a sample of a large table is enough. */
const MOST_SLOTS = 1 << 21

/** Below this number of fingerprints, too few pairs agree for an estimate. */
const FEWEST = 256

/** Pairs that must agree in a whole word for their number to be significant. */
const ENOUGH_PAIRS = 64

/**
 * The same, estimated from the fingerprints in the table: count the pairs that agree in some of their bits, as many
 * bits as leave a few thousand pairs, and divide by two to the power of the number of the other bits. This is done
 * for every word of the fingerprints and for all words together, and the largest estimate is returned. A hash with
 * too few different values in one of its words, or with words that depend on each other, gives an estimate far
 * above the predicted probability.
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

/** Number of bits in which about EXPECTED_PAIRS pairs of `count` fingerprints should agree. */
function bitsFor(states: number): number {
  return Math.ceil(2 * Math.log2(states) - 1 - Math.log2(EXPECTED_PAIRS))
}

/** The estimate from pairs that agree in the lowest bits of the low word: they are neighbours in the table. */
function byLowWord(table: Int32Array, stride: number, states: number, bits: number): number {
  const slots = table.length / stride
  // With 256 states or more, this is never fewer than the bits of a slot's index.
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
    // Linear probing: entries with the same home slot are in one run without a free slot.
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

/** Indices at which fingerprints begin, in the first MOST_SLOTS slots. */
function sampleOf(table: Int32Array, stride: number): Uint32Array {
  const end = Math.min(table.length, MOST_SLOTS * stride)
  const places = new Uint32Array(end / stride)
  let count = 0
  for (let at = 0; at < end; at += stride) if (table[at] !== 0 || table[at + 1] !== 0) places[count++] = at
  return places.subarray(0, count)
}

/** Mixes the bits of a word; a bijection, so different words stay different. */
function scrambled(word: number): number {
  let mix = Math.imul(word ^ (word >>> 16), 0x85ebca6b)
  mix = Math.imul(mix ^ (mix >>> 13), 0xc2b2ae35)
  return mix ^ (mix >>> 16)
}

/** Number of pairs of words that agree in their `looked` highest bits, and in all bits. Sorts the words. */
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
