/**
 * Prefetches the two-word slots of the first `count` hash lanes. The loop is unrolled so that the cache misses of
 * eight reads overlap; the look-ups that follow would take them one after the other.
 * @returns a meaningless number; the caller stores it so that the reads are not optimised away.
 */
export function prefetchSlots(table: Int32Array, mask: number, low: Int32Array, count: number): number {
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
