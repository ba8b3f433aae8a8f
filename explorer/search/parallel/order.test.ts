import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Ancestry } from './ancestry.ts'
import { abandon, Exchange, ROW, sharedMemory } from './exchange.ts'
import { LevelRanks } from './level-ranks.ts'
import { MergedRows } from './merged-rows.ts'
import { ownerOf } from './outbox.ts'

/** Rounds of (rank of the parent, step) with the worker that owns what was found; pairs are unique. */
const rounds = (workers: number) =>
  fc
    .uniqueArray(fc.tuple(fc.nat(40), fc.nat(5), fc.nat(workers - 1)), {
      maxLength: 80,
      selector: ([rank, step]) => `${rank} ${step}`,
    })
    .map((list) => [...list].sort((a, b) => a[0] - b[0] || a[1] - b[1]))

describe('LevelRanks', () => {
  test('are the places in the order of one search, whatever the owners', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }).chain((workers) => fc.tuple(fc.constant(workers), rounds(workers))),
        fc.nat(40),
        ([workers, keys], border) => {
          const memory = sharedMemory(workers, 1, 100)
          const exchanges = Array.from({ length: workers }, (_, me) => new Exchange(memory, me))
          const ranks = exchanges.map(() => new LevelRanks())
          // Two rounds: first the parents below the border, then the others.
          for (const [parity, part] of [
            [0, keys.filter(([rank]) => rank < border)],
            [1, keys.filter(([rank]) => rank >= border)],
          ] as const) {
            exchanges.forEach((exchange, me) => {
              const own = part.filter(([, , owner]) => owner === me)
              const list = exchange.keyList(parity, me)
              own.forEach(([rank, step], n) => {
                memory.keys[list + 2 * n] = rank
                memory.keys[list + 2 * n + 1] = step
              })
              exchange.setKeyCount(parity, own.length)
            })
            ranks.forEach((each, me) => {
              each.assign(exchanges[me], parity)
            })
          }
          ranks.forEach((each, me) => {
            const expected = keys.flatMap(([, , owner], place) => (owner === me ? [place] : []))
            expect(Array.from({ length: each.count }, (_, n) => each.of(n))).toEqual(expected)
            expect(each.total).toBe(keys.length)
          })
        },
      ),
    )
  })
})

describe('MergedRows', () => {
  test('gives all rows by rank, those of one state in the order they were sent', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.tuple(fc.nat(600), fc.integer({ min: 1, max: 4 })), { maxLength: 600, size: 'max' }),
        (workers, states) => {
          const memory = sharedMemory(workers, 2, 3000)
          const sorted = [...new Map(states)].sort((a, b) => a[0] - b[0])
          // Each state has one owner, who sends its successors to worker 0.
          for (let from = 0; from < workers; from++) {
            const exchange = new Exchange(memory, from)
            let at = exchange.mailbox(0, from, 0)
            let count = 0
            for (const [rank, successors] of sorted) {
              if (rank % workers !== from) continue
              for (let step = 0; step < successors; step++) {
                memory.rows[at] = rank * 10 + step
                memory.rows[at + ROW.rank] = rank
                memory.rows[at + ROW.step] = step
                at += memory.stride
                count++
              }
            }
            exchange.setRowCount(0, count)
          }
          const merged = new MergedRows(new Exchange(memory, 0))
          const seen: number[] = []
          merged.begin()
          while (merged.next()) {
            for (let k = 0; k < merged.count; k++) {
              expect(merged.low[k]).toBe(memory.rows[merged.at[k]])
              expect(merged.from[k]).toBe(memory.rows[merged.at[k] + ROW.rank] % workers)
              seen.push(merged.low[k])
            }
          }
          const all = sorted.flatMap(([rank, n]) => Array.from({ length: n }, (_, step) => rank * 10 + step))
          expect(seen).toEqual(all)
        },
      ),
      { numRuns: 50 },
    )
  })
})

test('Ancestry keeps worker, state and step, and the initial states', () => {
  const ancestry = new Ancestry()
  ancestry.addRoot(3)
  ancestry.add(7, (1 << 28) - 1, 65535)
  ancestry.add(0, 0, 0)
  expect([0, 1, 2].map((id) => ancestry.of(id))).toEqual([
    { initial: 3 },
    { worker: 7, state: (1 << 28) - 1, step: 65535 },
    { worker: 0, state: 0, step: 0 },
  ])
})

test('every worker owns its share, decided by the high lane alone', () => {
  for (const workers of [1, 2, 3, 8]) {
    const shares = new Array(workers).fill(0)
    for (let n = 0; n < 8000; n++) shares[ownerOf(Math.imul(n, 0x9e3779b1), workers)]++
    for (const share of shares) expect(share / (8000 / workers)).toBeCloseTo(1, 0)
  }
})

test('nobody waits at a barrier for a worker that is lost', () => {
  const memory = sharedMemory(2, 1, 1)
  abandon(memory)
  expect(() => new Exchange(memory, 0).barrier()).toThrow('another worker is lost')
})
