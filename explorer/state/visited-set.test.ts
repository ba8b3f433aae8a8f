import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RECORD } from '../compile/transition-record.ts'
import { effort } from '../testing/effort.ts'
import { Batch } from './batch.ts'
import { predictedCollision } from './collisions.ts'
import { ExactSet } from './exact-set.ts'
import { FingerprintSet } from './fingerprint-set.ts'
import { SharedTable } from './shared-table.ts'
import type { StateTable } from './state-table.ts'
import { xoshiro } from './tabulation.ts'
import { VectorStore } from './vector-store.ts'
import { type StorageOptions, sharedSetOf, visitedSetOf, wordsPerSlot } from './visited-set.ts'
import { FurtherLanes, WideFingerprintSet } from './wide-fingerprint-set.ts'

const WORDS = 2

/** A hash of a two-word state, by table; `bits` of it are used, the rest is 0. */
function hashing(bits: number): (word: number, value: number) => { low: number; high: number } {
  const lows = Array.from({ length: WORDS * 64 }, xoshiro(5))
  const highs = Array.from({ length: WORDS * 64 }, xoshiro(6))
  const mask = bits >= 32 ? -1 : (1 << bits) - 1
  return (word, value) => ({
    low: lows[word * 64 + value] & mask,
    high: bits >= 64 ? highs[word * 64 + value] : 0,
  })
}

/**
 * Drives a set as a search does: from every state found, in order, the given changes are applied (one word
 * takes another value), a batch at a time. A Set of strings does the same.
 */
function drive(
  make: (store: VectorStore) => StateTable,
  exact: boolean,
  bits: number,
  changes: readonly (readonly [number, number, number])[],
) {
  const hash = hashing(bits)
  const store = new VectorStore(WORDS, exact)
  const set = make(store)
  const known = new Map<string, number>([['0 0', 0]])
  const order: number[][] = [[0, 0]]
  const zero = { low: hash(0, 0).low ^ hash(1, 0).low, high: hash(0, 0).high ^ hash(1, 0).high }
  expect(set.insertState(new Int32Array(WORDS), 0, zero.low, zero.high)).toBe(~0)
  let slips = 0
  for (const [pick, word, value] of changes) {
    const batch = new Batch(64)
    const records: number[] = [0, 0]
    const expected: string[] = []
    // Several successors of one state at once, some of them equal.
    const source = exact ? pick % order.length : order.length - 1
    for (const to of [value, value, (value + pick) % 64]) {
      const next = [...order[source]]
      const from = next[word]
      next[word] = to
      const k = batch.count++
      batch.source[k] = source
      records.push(...[0, 1].map((w) => (w === word ? from ^ to : 0)))
      batch.record[k] = records.length
      const base = source & VectorStore.chunkMask
      const chunk = source >>> VectorStore.chunkBits
      const lows = exact
        ? lowsOf(order[source])
        : { low: store.lows[chunk][base], high: store.highs[chunk][base] }
      batch.low[k] = lows.low ^ hash(word, from).low ^ hash(word, to).low
      batch.high[k] = lows.high ^ hash(word, from).high ^ hash(word, to).high
      const record = new Array(RECORD.first).fill(0)
      record[RECORD.changes] = 1
      records.push(...record, word, from ^ to)
      expected.push(next.join(' '))
    }
    set.insert(batch, Int32Array.from(records))
    expected.forEach((key, k) => {
      const id = known.get(key)
      if (id === undefined && batch.found[k] < 0) {
        expect(~batch.found[k]).toBe(order.length)
        known.set(key, order.length)
        order.push(key.split(' ').map(Number))
      } else if (id === undefined || batch.found[k] < 0) slips++
      else if (exact) expect(batch.found[k]).toBe(id)
    })
  }
  function lowsOf([a, b]: number[]) {
    return { low: hash(0, a).low ^ hash(1, b).low, high: hash(0, a).high ^ hash(1, b).high }
  }
  expect(store.count).toBe(order.length)
  const last = order.length - 1
  const at = (last & VectorStore.chunkMask) * WORDS
  expect([...store.chunks[last >>> VectorStore.chunkBits].subarray(at, at + WORDS)]).toEqual(order[last])
  return { slips, found: order.length }
}

const changes = fc.array(
  fc.tuple(fc.nat(5000), fc.nat(1), fc.nat(63)) as fc.Arbitrary<[number, number, number]>,
  { minLength: 1, maxLength: 1500, size: 'max' },
)

describe('ExactSet', () => {
  it.each([64, 32, 8, 0])('is a set of states, also with a hash of only %i bits', (bits) => {
    fc.assert(
      fc.property(changes, (list) => {
        expect(drive((store) => new ExactSet(store, 4), true, bits, list).slips).toBe(0)
      }),
      { numRuns: effort(1, 4) * (bits === 0 ? 1 : 5) },
    )
  })
})

it('ExactSet takes back states that agree in their hash, and none of them twice', () => {
  const store = new VectorStore(WORDS, true)
  const set = new ExactSet(store, 4)
  const states = [
    [1, 2],
    [1, 3],
    [4, 2],
  ]
  store.restore(states.length, 0)
  states.forEach((state, id) => {
    store.chunks[0].set(state, WORDS * id)
  })
  set.adopt(null, states.length)
  // The state given lies in the midst of others.
  const taken = states.map((state, id) => set.restoreState(id, Int32Array.of(9, 9, ...state, 9, 9), WORDS, 7))
  expect(taken.every((slot) => slot >= 0)).toBe(true)
  expect(new Set(taken).size).toBe(3)
  for (const state of states)
    expect(set.restoreState(3, Int32Array.of(9, 9, ...state, 9, 9), WORDS, 7)).toBe(-1)
  expect(set.restoreState(3, Int32Array.of(9, 9, 1, 4, 9, 9), WORDS, 8)).toBeGreaterThanOrEqual(0)
})

describe('FingerprintSet', () => {
  it('is a set of states with 64 bits', () => {
    fc.assert(
      fc.property(changes, (list) => {
        expect(drive((store) => new FingerprintSet(store, 4), false, 64, list).slips).toBe(0)
      }),
      { numRuns: effort(5, 20) },
    )
  })

  it('loses states when the hash is bad, and this test would see it', () => {
    const random = xoshiro(9)
    const list = Array.from({ length: 1500 }, () => [random() & 0xfff, random() & 1, random() & 63] as const)
    const good = drive((store) => new FingerprintSet(store, 4), false, 64, list)
    const bad = drive((store) => new FingerprintSet(store, 4), false, 9, list)
    expect(good.slips).toBe(0)
    expect(bad.slips).toBeGreaterThan(100)
    expect(bad.found).toBeLessThan(good.found)
  })

  it.each([96, 128] as const)('is a set of states with %i bits, even if the first 64 are bad', (bits) => {
    fc.assert(
      fc.property(changes, (list) => {
        const make = (store: VectorStore) => new WideFingerprintSet(store, bits, 1, 4)
        expect(drive(make, false, 9, list).slips).toBe(0)
      }),
      { numRuns: effort(3, 10) },
    )
  })

  it('the fingerprint that marks a free slot is as good as any other', () => {
    const store = new VectorStore(1, false)
    const set = new FingerprintSet(store)
    expect(set.insertState(Int32Array.of(1), 0, 0, 0)).toBe(~0)
    expect(set.insertState(Int32Array.of(1), 0, 0, 0)).toBe(0)
    expect(set.insertState(Int32Array.of(2), 0, 0, 7)).toBe(~1)
    expect(set.insertState(Int32Array.of(3), 0, 5, 0)).toBe(~2)
    expect(set.insertState(Int32Array.of(3), 0, 5, 0)).toBe(0)
  })

  /** Looks up states of one word whose hash lanes are these, as rows with something in front. */
  const insertRows = (set: StateTable, lanes: readonly (readonly [number, number])[]): number[] => {
    const count = lanes.length
    const found = new Int32Array(count)
    // The row that an earlier batch left behind these is no part of them.
    const all = [...lanes, [77, 77]]
    const at = Int32Array.from(all, (_, k) => 5 * k + 1)
    const data = Int32Array.from(all.flatMap(([low, high], k) => [99, low, high, 77, 10 + k]))
    set.insertRows?.({ data, at, low: Int32Array.from(all, ([low]) => low), count, offset: 3, found })
    return [...found]
  }

  it('rows are looked up like states, and kept with their hash lanes', () => {
    const store = new VectorStore(1, false)
    const set = new FingerprintSet(store, 4)
    const lanes = [
      [0, 0],
      [4, 1],
      [0, 0],
      [0, 7],
      [5, 0],
      [4, 1],
    ] as const
    expect(insertRows(set, lanes)).toEqual([~0, ~1, 0, ~2, ~3, 0])
    expect(insertRows(set, lanes)).toEqual([0, 0, 0, 0, 0, 0])
    expect(set.insertState(Int32Array.of(1), 0, 0, 0)).toBe(0)
    expect([...store.chunks[0].subarray(0, 4)]).toEqual([10, 11, 13, 14])
    expect([...store.lows[0].subarray(0, 4)]).toEqual([0, 4, 0, 5])
    expect([...store.highs[0].subarray(0, 4)]).toEqual([0, 1, 7, 0])
  })

  it('a table from outside must be one of these states', () => {
    const set = new FingerprintSet(new VectorStore(1, false))
    expect(set.adopt(new Int32Array(32), 1)).toContain('0 entries for 1 states')
    expect(set.bytes).toBe(8 << 12)
    expect(set.adopt(new Int32Array(32), 0)).toBe(null)
    expect(set.bytes).toBe(128)
    for (const [low, high, again] of [
      [0, 0, 0],
      [0, 3, 0],
      [3, 0, 0],
    ]) {
      expect(set.restoreState(0, new Int32Array(1), 0, low, high)).toBe(-1)
      expect(set.insertState(new Int32Array(1), 0, low, high)).toBeLessThan(0)
      expect(set.restoreState(0, new Int32Array(1), 0, low, high)).toBeGreaterThanOrEqual(again)
    }
  })

  /** Looks up fingerprints one batch each; returns which were new. */
  const ways: [string, (set: FingerprintSet, low: number, high: number) => boolean][] = [
    ['insertState', (set, low, high) => set.insertState(new Int32Array(1), 0, low, high) < 0],
    ['insertRows', (set, low, high) => insertRows(set, [[low, high]])[0] < 0],
    [
      'insert',
      (set, low, high) => {
        const batch = new Batch()
        batch.count = 1
        // What an earlier batch left behind it is no part of it.
        batch.low.set([low, 77])
        batch.high.set([high, 77])
        batch.record.fill(1)
        set.insert(batch, new Int32Array(1 + RECORD.first))
        return batch.found[0] < 0
      },
    ],
  ]
  it.each(ways)('half a fingerprint of zero is not a free slot: %s', (_, isNew) => {
    // All of these lead to one slot of four, and later of 64.
    const lanes = [
      [64, 0],
      [0, 7],
      [64, 1],
      [64, 7],
      [0, 64],
      [128, 0],
      [77, 77],
    ] as const
    for (let first = 0; first < lanes.length; first++) {
      const store = new VectorStore(1, false)
      store.append(new Int32Array(1), 0, 0, 0)
      const set = new FingerprintSet(store, 4)
      const known: (readonly [number, number])[] = []
      for (let n = 0; n < lanes.length; n++) {
        const [low, high] = lanes[(first + n) % lanes.length]
        expect(isNew(set, low, high)).toBe(true)
        known.push([low, high])
        for (const [a, b] of known) expect(isNew(set, a, b)).toBe(false)
      }
      for (let n = 0; n < 30; n++) expect(isNew(set, 1000 + n, n)).toBe(true)
      for (const [a, b] of known) expect(isNew(set, a, b)).toBe(false)
    }
  })

  it('says how near its fingerprints lie', () => {
    const set = new FingerprintSet(new VectorStore(1, false))
    const random = xoshiro(3)
    for (let n = 0; n < 1000; n++) set.insertState(new Int32Array(1), 0, random(), 7)
    expect(set.collisionMeasured).toBeGreaterThan(10 * predictedCollision(1000, 64))
  })

  it('a batch is looked up with the fingerprint of a free slot', () => {
    const set = new FingerprintSet(new VectorStore(1, false), 4)
    expect(set.insertState(new Int32Array(1), 0, 3, 4)).toBe(~0)
    const batch = new Batch()
    batch.count = 3
    batch.low.set([0, 0, 0])
    batch.high.set([0, 5, 0])
    batch.record.fill(1)
    set.insert(batch, new Int32Array(1 + RECORD.first))
    expect([...batch.found.subarray(0, 3)]).toEqual([~1, ~2, 0])
    expect([batch.freshCount, ...batch.fresh.subarray(0, 2)]).toEqual([2, 0, 1])
  })
})

describe('the table of a set', () => {
  const sets = [
    {
      name: 'ExactSet',
      make: (store: VectorStore, most?: number): StateTable => new ExactSet(store, 16, most),
      full: 2 / 3,
      lossy: false,
    },
    {
      name: 'FingerprintSet',
      make: (store: VectorStore, most?: number): StateTable => new FingerprintSet(store, 16, most),
      full: 3 / 4,
      lossy: true,
    },
  ]

  describe.each(sets)('$name', ({ make, full, lossy }) => {
    /** Adds the states `from` to `end - 1`. */
    const fill = (set: StateTable, from: number, end: number): void => {
      for (let n = from; n < end; n++)
        expect(set.insertState(Int32Array.of(n), 0, Math.imul(n + 1, 16), n)).toBeLessThan(0)
    }

    it('doubles when too many of its slots are taken, and says so before', () => {
      const store = new VectorStore(1, true)
      const set = make(store)
      for (let slots = 16, from = 0; slots <= 128; slots *= 2) {
        const most = Math.floor(slots * full)
        expect(set.growthFor?.(most - from)).toBe(0)
        expect(set.growthFor?.(most - from + 1)).toBe(2 * 8 * slots)
        fill(set, from, most)
        expect(set.bytes).toBe(8 * slots)
        fill(set, most, most + 1)
        expect(set.bytes).toBe(16 * slots)
        from = most + 1
      }
      for (let n = 0; n < store.count; n++)
        expect(set.insertState(Int32Array.of(n), 0, Math.imul(n + 1, 16), n)).toBeGreaterThanOrEqual(0)
    })

    it('doubles for all states of a batch at once', () => {
      const set = make(new VectorStore(1, true))
      fill(set, 0, 1)
      const batch = new Batch()
      batch.count = 300
      // A step for each, so that all states differ.
      const records = new Int32Array(300 * (1 + RECORD.first))
      for (let k = 0; k < 300; k++) {
        batch.record[k] = k * (1 + RECORD.first) + 1
        records[batch.record[k] - 1] = 1000 + k
        batch.low[k] = Math.imul(k + 7, 16)
        batch.high[k] = k
      }
      set.insert(batch, records)
      expect(batch.found.subarray(0, 300)).toEqual(Int32Array.from({ length: 300 }, (_, k) => ~(k + 1)))
      expect(set.bytes).toBe(8 * 512)
    })

    it('doubles no more than a batch needs', () => {
      const set = make(new VectorStore(1, true))
      fill(set, 0, 1)
      const most = Math.floor(32 * full)
      const batch = new Batch()
      batch.count = most - 1
      const records = new Int32Array(most * (1 + RECORD.first))
      for (let k = 0; k < most; k++) {
        batch.record[k] = k * (1 + RECORD.first) + 1
        records[batch.record[k] - 1] = 1000 + k
        batch.low[k] = 16 * (k + 7)
      }
      set.insert(batch, records)
      expect(set.bytes).toBe(8 * 32)
    })

    it('continues where another stopped', () => {
      const store = new VectorStore(1, true)
      const set = make(store)
      fill(set, 0, 100)
      const other = make(store)
      const restoreState = (n: number) =>
        other.restoreState?.(n, Int32Array.of(0, n), 1, Math.imul(n + 1, 16), n) as number
      expect(other.adopt?.(set.contents?.slice() ?? null, 100)).toBe(null)
      expect(other.bytes).toBe(set.bytes)
      const slots = Array.from({ length: 100 }, (_, n) => restoreState(n))
      expect(new Set(slots).size).toBe(100)
      expect(Math.min(...slots)).toBeGreaterThanOrEqual(0)
      // What is not in a table of fingerprints, or in the other twice, cannot be restored.
      expect(lossy ? restoreState(100) : restoreState(99)).toBe(-1)
      for (let n = 0; n < 100; n++)
        expect(other.insertState(Int32Array.of(n), 0, Math.imul(n + 1, 16), n)).toBe(lossy ? 0 : n)
      fill(other, 100, 400)
      for (let n = 0; n < 400; n++)
        expect(other.insertState(Int32Array.of(n), 0, Math.imul(n + 1, 16), n)).toBe(lossy ? 0 : n)
    })

    it('can be made as large as its arrays can be', () => {
      const most = (bytes: number) => make(new VectorStore(1, true), bytes).mostStates
      expect(most(8 * 1024)).toBe(Math.floor(1024 * full))
      expect(most(8 * 1024 - 1)).toBe(Math.floor(512 * full))
      expect(make(new VectorStore(1, true)).mostStates).toBeGreaterThan(2 ** 28)
      expect(make(new VectorStore(1, true)).lossy).toBe(lossy)
    })

    it('is read ahead where the hashes lead', () => {
      const set = make(new VectorStore(1, true)) as StateTable & { prefetched: number }
      for (const low of [3, 18, 5, 7]) set.insertState(Int32Array.of(low), 0, low, 1)
      const prefetched = (...low: number[]) => {
        set.prefetch?.(Int32Array.from(low), low.length)
        return set.prefetched
      }
      // 19 leads to the slot of 3, and nothing lies in slot 0.
      expect([prefetched(3), prefetched(19), prefetched(16), prefetched(5, 7)]).toEqual([3, 3, 0, 5 ^ 7])
      expect(prefetched(0, 0, 0, 0, 0, 0, 0, 5, 7)).toBe(5 ^ 7)
    })
  })

  it('keeps what it needs of equal hashes: a state is itself and no other', () => {
    const store = new VectorStore(3, true)
    const set = new ExactSet(store, 4)
    const states = [
      [1, 2, 3],
      [1, 2, 4],
      [1, 5, 3],
      [6, 2, 3],
    ]
    states.forEach((state, n) => {
      expect(set.insertState(Int32Array.from([0, ...state]), 1, 8, 9)).toBe(~n)
    })
    states.forEach((state, n) => {
      expect(set.insertState(Int32Array.from([0, 0, ...state]), 2, 8, 1)).toBe(n)
    })
    expect([store.highs[0][2], store.lows[0][2], store.count]).toEqual([9, 8, 4])
  })
})

describe('a fingerprint is all of its words', () => {
  /** `insert` and `insertRows` look up several at once; each returns which were new. */
  type Insert = (set: StateTable, lanes: readonly (readonly [number, number])[]) => boolean[]
  const inserts: Record<string, Insert> = {
    insertState: (set, lanes) =>
      lanes.map(([low, high]) => set.insertState(new Int32Array(1), 0, low, high) < 0),
    insert: (set, lanes) => {
      const batch = new Batch(lanes.length)
      batch.count = lanes.length
      lanes.forEach(([low, high], k) => {
        batch.low[k] = low
        batch.high[k] = high
        batch.record[k] = 1
      })
      set.insert(batch, new Int32Array(1 + RECORD.first))
      return [...batch.found.subarray(0, lanes.length)].map((found) => found < 0)
    },
    insertRows: (set, lanes) => {
      const count = lanes.length
      const found = new Int32Array(count)
      const at = Int32Array.from(lanes, (_, k) => 3 * k)
      const data = Int32Array.from(lanes.flatMap((pair) => [...pair, 0]))
      set.insertRows?.({ data, at, low: Int32Array.from(lanes, ([low]) => low), count, offset: 2, found })
      return [...found].map((f) => f < 0)
    },
  }
  const bits = [64, 96, 128] as const
  const sets = bits.flatMap((fingerprintBits): [string, () => StateTable][] => {
    const options: StorageOptions = { storage: 'fingerprint', fingerprintBits }
    const shared = (numbers: number) => new Int32Array(new SharedArrayBuffer(4 * numbers))
    return [
      [`${fingerprintBits} bits`, () => visitedSetOf(storeOfOne(), options)],
      [
        `${fingerprintBits} bits, shared`,
        () => {
          const stride = wordsPerSlot(options)
          const table = new SharedTable(shared(1024 * stride), stride, shared(1), () => {})
          return sharedSetOf(table, storeOfOne(), { vectors: [[]], receive: () => {} }, 0, options)
        },
      ],
    ]
  })
  /** A store with one state in it, for others to be successors of. */
  const storeOfOne = (): VectorStore => {
    const store = new VectorStore(1, false)
    store.append(new Int32Array(1), 0, 0, 0)
    return store
  }
  // Few values of each half, so that most agree with another in one half. Zero marks a free slot; see below.
  const half = fc.constantFrom(1, 2, 3, 4097, -1, -4095, 1 << 31)
  const batches = fc.array(fc.array(fc.tuple(half, half), { maxLength: 30 }), { maxLength: 6 })

  for (const [name, make] of sets) {
    for (const [how, insert] of Object.entries(inserts)) {
      if (how === 'insertRows' && make().insertRows === undefined) continue
      it(`${name}, by ${how}`, () => {
        fc.assert(
          fc.property(batches, (all) => {
            const set = make()
            const known = new Set<string>()
            for (const lanes of all) {
              const expected = lanes.map((pair) => known.size < known.add(pair.join(' ')).size)
              expect(insert(set, lanes)).toEqual(expected)
            }
          }),
          { numRuns: 50 },
        )
      })
    }
  }

  it('the last word of 128 bits as well', () => {
    const lanes = new FurtherLanes(1, 1)
    const third = new Map<number, number>()
    const pairs: [number, number][] = []
    for (let n = 0; n < 300_000; n++) {
      lanes.of(Int32Array.of(n), 0)
      const other = third.get(lanes.lanes[0])
      if (other !== undefined) pairs.push([other, n])
      third.set(lanes.lanes[0], n)
    }
    expect(pairs.length).toBeGreaterThan(2)
    for (const [one, other] of pairs) {
      for (const [fingerprintBits, isNew] of [
        [96, false],
        [128, true],
      ] as const) {
        for (const [name, make] of sets) {
          if (!name.startsWith(String(fingerprintBits))) continue
          const set = make()
          expect(set.insertState(Int32Array.of(one), 0, 5, 7)).toBeLessThan(0)
          expect(set.insertState(Int32Array.of(other), 0, 5, 7) < 0).toBe(isNew)
        }
      }
    }
  })
})
