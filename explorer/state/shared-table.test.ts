import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { afterEach, describe, expect, it, type MockInstance, vi } from 'vitest'
import { tool } from '../cli/testing/built-programs.ts'
import { RECORD } from '../compile/transition-record.ts'
import { portsBetween } from '../search/parallel/ports.ts'
import { effort } from '../testing/effort.ts'
import { Batch } from './batch.ts'
import { SharedFingerprintSet } from './shared-fingerprint-set.ts'
import { SharedTable } from './shared-table.ts'
import { VectorStore } from './vector-store.ts'
import { type StorageOptions, sharedSetOf, wordsPerSlot } from './visited-set.ts'

const shared = (numbers: number): Int32Array => new Int32Array(new SharedArrayBuffer(4 * numbers))
const nothing = (): void => {}

it('a larger table has the same entries, in whatever order the parts are copied', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(fc.nat(40), fc.nat(4)), { maxLength: 45, selector: String }),
      fc.integer({ min: 1, max: 4 }),
      fc.boolean(),
      (states, parts, backwards) => {
        const table = new SharedTable(shared(64 * 2), 2, shared(1), nothing)
        const set = new SharedFingerprintSet(table, new VectorStore(1, false))
        const insert = ([low, high]: readonly [number, number]): boolean =>
          // Long runs, some of them around the end of the table.
          set.insertState(new Int32Array(1), 0, (low & 3) + 62 + ((low >>> 2) << 7), high + 1) < 0
        for (const state of states) expect(insert(state)).toBe(true)
        for (const times of [4, 2]) {
          const next = table.larger(times * table.bytes)
          const order = Array.from({ length: parts }, (_, n) => (backwards ? parts - 1 - n : n))
          const rest = order.map((part) => table.copyPart(next, part, parts))
          for (const slots of rest) table.copyRest(next, slots)
          table.adopt(next)
          const taken = next.filter((word, at) => at % 2 === 0 && word !== 0)
          expect([taken.length, table.taken]).toEqual([states.length, states.length])
          for (const state of states) expect(insert(state)).toBe(false)
        }
      },
    ),
    { numRuns: 200 },
  )
})

it('a table is full when three of four slots are taken', () => {
  const table = new SharedTable(shared(64 * 3), 3, shared(1), nothing)
  table.addTaken(40)
  expect([table.fits(8), table.fits(9), table.bytes, table.larger().length]).toEqual([true, false, 768, 768])
})

it('waiting for a lost thread throws', () => {
  const slots = shared(8)
  slots[2] = 7
  const table = new SharedTable(slots, 2, shared(1), () => {
    throw new Error('lost')
  })
  expect(() => table.published(2)).toThrow('lost')
  slots[3] = 9
  expect(table.published(2)).toBe(9)
})

const storages = [
  { storage: 'exact' },
  { storage: 'fingerprint', fingerprintBits: 64 },
  { storage: 'fingerprint', fingerprintBits: 96 },
  { storage: 'fingerprint', fingerprintBits: 128 },
] as const

describe('a rival that claims the slot after it was seen free', () => {
  afterEach(() => vi.restoreAllMocks())

  /** Two threads look up the successors that change two words so; the second does in the midst of the first. */
  const race = (options: StorageOptions, mine: [number, number], rivals: [number, number]) => {
    const slots = shared(16 * wordsPerSlot(options))
    const taken = shared(1)
    const vectors: Int32Array[][] = []
    const records = Int32Array.of(...mine, ...new Array(RECORD.first).fill(0), ...rivals)
    const lookUps = [2, records.length].map((record, me) => {
      const store = new VectorStore(2, options.storage === 'exact')
      const table = new SharedTable(slots, wordsPerSlot(options), taken, nothing)
      const set = sharedSetOf(table, store, { vectors, receive: nothing }, me, options)
      const batch = new Batch()
      store.append(new Int32Array(2), 0, 0, 0)
      vectors.push(store.chunks)
      batch.record[0] = record
      batch.low[0] = 5
      batch.high[0] = records[record - 2]
      batch.count = 1
      return () => {
        set.insert(batch, records)
        return batch.found[0] < 0
      }
    })
    const claim = Atomics.compareExchange as (
      slots: Int32Array,
      at: number,
      old: number,
      key: number,
    ) => number
    let isRivalNew = false
    const spy = vi.spyOn(Atomics, 'compareExchange') as unknown as MockInstance<typeof claim>
    spy.mockImplementationOnce((...all) => {
      isRivalNew = lookUps[1]()
      return claim(...all)
    })
    const isMineNew = lookUps[0]()
    return [isMineNew, isRivalNew, taken[0]]
  }

  it.each(storages)('%o', (options) => {
    expect(race(options, [3, 4], [3, 4])).toEqual([false, true, 1])
    expect(race(options, [3, 4], [7, 4])).toEqual([true, true, 2])
  })
})

/** Most states have a low lane in common with many others, so that the threads meet in few runs of slots. */
const STATES = effort(20_000, 100_000)
const LANES = STATES / 20
const THREADS = 3

/** What each thread does: all look up all states, in the same order and at the same time. */
const LOOK_UP = `
const { workerData, receiveMessageOnPort } = require('node:worker_threads')
const { modules, slots, taken, start, winners, me, options, ports, states, lanes, record } = workerData
Promise.all(
  modules.map((path) => import(path)),
).then(([{ Batch }, { SharedTable }, { VectorStore }, { sharedSetOf, wordsPerSlot }]) => {
  const vectors = ports.map(() => [])
  const all = {
    vectors,
    receive(thread) {
      for (let next; (next = receiveMessageOnPort(ports[thread])); ) vectors[thread][next.message.chunk] = next.message.words
    },
  }
  const keep = options.storage === 'exact'
  const store = new VectorStore(2, keep, 0, 2, (chunk, arrays) => {
    vectors[me][chunk] = arrays.vectors
    for (const port of ports) port?.postMessage({ chunk, words: arrays.vectors })
  })
  const set = sharedSetOf(new SharedTable(slots, wordsPerSlot(options), taken, () => {}), store, all, me, options)
  const source = store.append(new Int32Array(2), 0, 0, 0)
  const records = []
  const recordOf = Array.from({ length: states }, (_, s) => {
    const offset = records.push(s + 1, s % 5)
    records.push(...record)
    return offset
  })
  const table = Int32Array.from(records)
  const batch = new Batch()
  let together = 0
  for (let from = 0; from < states; from += 250) {
    // Side by side, unless one of them has no processor.
    together += ports.length
    Atomics.add(start, 0, 1)
    for (let spin = 0; spin < 100_000 && Atomics.load(start, 0) < together; spin++);
    // Every state twice, so that a thread meets its own as well.
    for (batch.count = 0; batch.count < 500; batch.count++) {
      const s = from + (batch.count % 250)
      batch.low[batch.count] = 50 * (s % lanes)
      batch.high[batch.count] = s + 1
      batch.source[batch.count] = source
      batch.record[batch.count] = recordOf[s]
    }
    set.insert(batch, table)
    for (let k = 0; k < 500; k++) if (batch.found[k] < 0) Atomics.add(winners, from + (k % 250), 1)
  }
})
`

describe('several threads at once', () => {
  it.each(storages)('each state is new to one of them: %o', async (options) => {
    const stride = wordsPerSlot(options)
    const data = {
      // Threads run the built program.
      modules: ['batch', 'shared-table', 'vector-store', 'visited-set'].map(tool),
      slots: shared(2 ** 18 * stride),
      taken: shared(1),
      start: shared(1),
      winners: shared(STATES),
      options,
      states: STATES,
      lanes: LANES,
      record: new Array(RECORD.first).fill(0),
    }
    const ports = portsBetween(THREADS)
    await Promise.all(
      ports.map(
        (own, me) =>
          new Promise<void>((resolve, reject) => {
            const worker = new Worker(LOOK_UP, {
              eval: true,
              workerData: { ...data, me, ports: own },
              transferList: own.filter((port) => port !== null),
            })
            worker.on('error', reject)
            worker.on('exit', () => resolve())
          }),
      ),
    )
    expect([...new Set(data.winners)]).toEqual([1])
    expect(data.taken[0]).toBe(STATES)
    const claimed = data.slots.filter((word, at) => at % stride === 0 && word !== 0)
    expect(claimed.length).toBe(STATES)
  })
})
