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

/**
 * The same from the fingerprints that occurred: how many pairs agree in so many of their bits that some
 * thousands should, divided by two to the number of the other bits. A hash that maps states too near to each
 * other gives a number far above the predicted one.
 * @param table `[low, high, ...]` per slot of `stride` numbers, by open addressing with linear probing from
 * slot `low & (slots - 1)`; (0, 0) is a free slot.
 */
export function measuredCollision(table: Int32Array, stride: number, states: number, bits: number): number {
  if (states < 256) return predictedCollision(states, bits)
  const slots = table.length / stride
  // At 256 states and more these are never fewer than the bits that number a slot.
  const same = Math.min(64, Math.ceil(2 * Math.log2(states) - 1 - Math.log2(EXPECTED_PAIRS)))
  const looked = Math.max(same, Math.log2(slots))
  const lowMask = looked >= 32 ? -1 : 2 ** looked - 1
  const highMask = looked >= 64 ? -1 : looked <= 32 ? 0 : 2 ** (looked - 32) - 1
  let pairs = 0
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
    }
  }
  return Math.min(1, (pairs * slots) / part / 2 ** (bits - looked))
}
