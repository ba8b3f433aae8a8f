/**
 * Brings the slots of two words that the first `count` hash lanes lead to into the cache. Reads of several at once
 * overlap, so that later look-ups need not wait for one after the other.
 * @returns a number that says nothing; kept somewhere, it keeps the reads from being optimised away.
 */
export function touchSlots(table: Int32Array, mask: number, low: Int32Array, count: number): number {
  let warm = 0
  let k = 0
  for (; k + 8 <= count; k += 8)
    warm ^=
      table[(low[k] & mask) << 1] ^
      table[(low[k + 1] & mask) << 1] ^
      table[(low[k + 2] & mask) << 1] ^
      table[(low[k + 3] & mask) << 1] ^
      table[(low[k + 4] & mask) << 1] ^
      table[(low[k + 5] & mask) << 1] ^
      table[(low[k + 6] & mask) << 1] ^
      table[(low[k + 7] & mask) << 1]
  for (; k < count; k++) warm ^= table[(low[k] & mask) << 1]
  return warm
}
