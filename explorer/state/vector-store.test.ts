import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type SharedChunk, VectorStore } from './vector-store.ts'

const CHUNK = VectorStore.chunkMask + 1

describe('VectorStore', () => {
  it('gives back what was appended', () => {
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

  it('finds the number of a state that is in memory', () => {
    for (const keep of [true, false]) {
      const store = new VectorStore(2, keep)
      for (let n = 0; n < CHUNK + 3; n++) store.append(Int32Array.of(7, n), 0, 0, 0)
      store.append(Int32Array.of(8, 5), 0, 0, 0)
      store.expandedUpTo(CHUNK)
      expect(store.indexOf(Int32Array.of(7, 5))).toBe(keep ? 5 : -1)
      expect(store.indexOf(Int32Array.of(7, CHUNK + 1))).toBe(CHUNK + 1)
      expect(store.indexOf(Int32Array.of(8, 5))).toBe(CHUNK + 3)
      expect(store.indexOf(Int32Array.of(8, 6))).toBe(-1)
      // What lies behind the last state is none.
      expect(store.indexOf(Int32Array.of(0, 0))).toBe(-1)
    }
  })

  it.each([true, false])('what was put on disk comes back (states kept: %s)', (keep) => {
    const store = new VectorStore(2, keep, 3)
    const total = 6 * CHUNK + 100
    for (let n = 0; n < total; n++) {
      const id = store.append(Int32Array.of(n, n ^ 0x5555), 0, ~n, n * 7)
      store.tags[id >>> VectorStore.chunkBits][id & VectorStore.chunkMask] = n * 3
      store.cache[id >>> VectorStore.chunkBits][(id & VectorStore.chunkMask) * 3 + 2] = n
    }
    const before = store.bytes
    expect(store.spill(10)).toBe(true)
    expect(store.lows.map((lows) => lows.length)).toEqual([CHUNK, CHUNK, 0, 0, 0, 0, CHUNK])
    expect(store.chunks[3]).toHaveLength(keep ? 2 * CHUNK : 0)
    // Memory is used again, with the successor cache empty, and a checkpoint still sees everything.
    for (let n = total; n < total + 3 * CHUNK; n++) store.append(Int32Array.of(n, n ^ 0x5555), 0, ~n, n * 7)
    if (!keep) expect(store.bytes).toBe(before)
    expect(store.cache[7].every((note) => note === 0)).toBe(true)
    expect([...store.stateArrays(0)].map((a) => a[18])).toEqual(
      Array.from({ length: 10 }, (_, c) => c * CHUNK + 9),
    )
    for (let id = 0; id < total; id++) {
      const [chunk, slot] = [id >>> VectorStore.chunkBits, id & VectorStore.chunkMask]
      if (slot === 0) {
        store.load(id, id + CHUNK - 1)
        store.expandedUpTo(id)
      }
      const lanes = [store.lows[chunk][slot], store.highs[chunk][slot], store.tags[chunk][slot]]
      const words = [store.chunks[chunk][2 * slot], store.chunks[chunk][2 * slot + 1]]
      if (lanes[0] !== ~id || lanes[1] !== id * 7 || lanes[2] !== id * 3)
        throw new Error(`lanes of ${id}: ${lanes}`)
      if (store.cache[chunk][slot * 3 + 2] !== (id & 0xffff)) throw new Error(`cache of ${id}`)
      if (words[0] !== id || words[1] !== (id ^ 0x5555)) throw new Error(`state ${id}: ${words}`)
    }
    store.close()
  })

  it.each([true, false])('reuses what expanded chunks held (states kept: %s)', (keep) => {
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

  it('guests are expanded as if they were the first states, with nothing but the lowest bits of their cache entries', () => {
    const shared: [number, SharedChunk][] = []
    const home = new VectorStore(2, false, 3, 2, (chunk, arrays) => shared.push([chunk, arrays]))
    home.setGuestsAside()
    const own = new VectorStore(2, false, 3, 2, () => {})
    own.setGuestsAside()
    own.tags[0].fill(5)
    for (let n = 0; n < 10; n++) {
      expect(home.append(Int32Array.of(n, -n), 0, n * 3, n * 5)).toBe(CHUNK + n)
      home.cache[1].fill(n, 3 * n, 3 * n + 3)
    }
    const [[chunk, arrays]] = shared
    expect([shared.length, chunk, arrays.vectors.buffer instanceof SharedArrayBuffer]).toEqual([1, 1, true])
    own.takeGuests(arrays, 4, 7)
    expect([...own.chunks[0].subarray(0, 6)]).toEqual([4, -4, 5, -5, 6, -6])
    expect([...own.lows[0].subarray(0, 4)]).toEqual([12, 15, 18, 0])
    expect([...own.highs[0].subarray(0, 4)]).toEqual([20, 25, 30, 0])
    expect([...own.cache[0].subarray(0, 9)]).toEqual([0, 0, 0, 1, 1, 1, 0, 0, 0])
    expect([...own.tags[0].subarray(0, 4)]).toEqual([0, 0, 0, 5])
    // The chunk of the guests stays when own states are expanded.
    own.append(Int32Array.of(1, 2), 0, 3, 4)
    const before = own.bytes
    own.expandedUpTo(CHUNK)
    expect([own.bytes, own.chunks[0].length]).toEqual([before, 2 * CHUNK])
  })
})
