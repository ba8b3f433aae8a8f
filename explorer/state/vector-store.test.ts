import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { VectorStore } from './vector-store.ts'

const CHUNK = VectorStore.chunkMask + 1

describe('VectorStore', () => {
  test('gives back what was appended', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer(), fc.integer()), { minLength: 1, maxLength: 300 }),
        (states) => {
          const store = new VectorStore(2, true)
          states.forEach(([a, b], n) => {
            expect(store.append(Int32Array.of(0, a, b), 1, a ^ 1, b ^ 2)).toBe(n)
          })
          states.forEach(([a, b], n) => {
            expect([store.chunks[0][2 * n], store.chunks[0][2 * n + 1]]).toEqual([a, b])
            expect([store.lows[0][n], store.highs[0][n]]).toEqual([a ^ 1, b ^ 2])
          })
        },
      ),
    )
  })

  test.each([true, false])('reuses what expanded chunks held (states kept: %s)', (keep) => {
    const store = new VectorStore(1, keep)
    for (let n = 0; n < 3 * CHUNK; n++) {
      const id = store.append(Int32Array.of(n), 0, n, -n)
      store.expandedUpTo(Math.max(0, id - 10))
    }
    expect(store.chunks[0]).toHaveLength(keep ? CHUNK : 0)
    expect(store.lows[1]).toHaveLength(0)
    expect(store.chunks[2][5]).toBe(2 * CHUNK + 5)
    expect(store.highs[2][5]).toBe(-2 * CHUNK - 5)
    // Two chunks live at once, never more; kept states stay.
    expect(store.bytes).toBe(4 * CHUNK * (2 * 3 + (keep ? 3 : 2)))
    if (keep) expect(store.chunks[0][7]).toBe(7)
  })
})
