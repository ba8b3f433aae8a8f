import { mkdtempSync, rmSync, statSync, truncateSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { randomModel, twoPhaseModel } from '../oracles/models.ts'
import { breadthFirst } from '../search/index.ts'
import type { Model } from '../search/parallel/model.ts'
import { xoshiro } from '../state/tabulation.ts'
import { effort } from '../testing/effort.ts'
import { BadBatch, OutgoingBatch, readBatch } from './batch-format.ts'
import { bitsFor } from './fingerprint-bits.ts'
import { ownerOf } from './owner.ts'
import { SentStates } from './sent-states.ts'
import { ShardLog } from './shard-log.ts'
import { ShardSearch } from './shard-search.ts'

const folders: string[] = []
const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), 'mmucheck-shards-'))
  folders.push(made)
  return made
}
afterEach(() => {
  for (const made of folders.splice(0)) rmSync(made, { recursive: true })
})

/** One shard, with the messages that wait for it. */
interface Shard {
  readonly folder: string
  readonly queue: Uint8Array[]
  log: ShardLog
  search: ShardSearch
}

/**
 * A search over shards without Redis: batches wait in arrays, and shards lose their memory at random moments.
 * @param kills how often.
 */
function searched(model: Model, count: number, kills: number, seed: number) {
  const random = xoshiro(seed)
  const draw = (most: number): number => (random() >>> 0) % most
  const { words } = model.system.layout
  const open = (n: number, where: string): Pick<Shard, 'log' | 'search'> => {
    const log = new ShardLog(where, words)
    const search = new ShardSearch(model, { shard: n, shards: count, seed: 1, bits: 96 }, log)
    return { log, search }
  }
  const shards = Array.from({ length: count }, (_, n): Shard => {
    const where = folder()
    const opened = open(n, where)
    opened.search.begin()
    opened.log.sync()
    opened.log.saveLevel(opened.search.position(0))
    return { folder: where, queue: [], ...opened }
  })
  let left = kills
  let level = 0
  const restart = (n: number): void => {
    const shard = shards[n]
    shard.log.close()
    // Part of a block that was being written.
    const file = join(shard.folder, 'states')
    const { size } = statSync(file)
    truncateSync(file, size + 4 * draw(5))
    Object.assign(shard, open(n, shard.folder))
    const position = shard.log.savedLevel(level) ?? shard.log.savedLevel(level - 1)
    if (position === null) throw new Error('no position')
    for (const _ of shard.search.restore(position, true));
    if (shard.search.level < level) shard.search.turn()
  }
  for (let turns = 0; ; turns++) {
    if (turns > 100_000) throw new Error('it does not end')
    const n = draw(count)
    const shard = shards[n]
    const { search, queue, log } = shard
    // Read, expand, send, write, acknowledge; a loss after any of them.
    const taken = queue.slice(0, 1 + draw(3))
    for (const bytes of taken) search.receive(readBatch(bytes, words))
    search.expand(1 + draw(200))
    const isKilled = (): boolean => left > 0 && draw(10) === 0 && left-- > 0
    if (isKilled()) {
      restart(n)
      continue
    }
    for (const to of search.outgoing(1)) shards[to].queue.push(search.take(to, 0))
    if (isKilled()) {
      restart(n)
      continue
    }
    log.sync()
    if (isKilled()) {
      restart(n)
      continue
    }
    queue.splice(0, taken.length)
    if (shards.some((each) => each.queue.length > 0 || each.search.left > 0)) continue
    if (shards.every((each) => each.search.next === 0)) break
    level++
    for (const each of shards) {
      each.log.sync()
      each.search.turn()
      each.log.saveLevel(each.search.position(0))
    }
  }
  const sum = (of: (search: ShardSearch) => number): number =>
    shards.reduce((total, { search }) => total + of(search), 0)
  const positions = shards.map(({ search }) => search.position(0))
  for (const { log } of shards) log.close()
  return {
    states: sum(({ count: states }) => states),
    transitions: sum(({ transitions }) => transitions),
    depth: level,
    deadlocks: positions.reduce((total, p) => total + p.deadlocks, 0),
    antecedents: model.properties.map((_, p) =>
      positions.reduce((total, { antecedents }) => total + antecedents[p], 0),
    ),
    found: [...new Set(positions.flatMap(({ findings }) => findings.map(([id]) => id)))].sort(),
    left,
  }
}

/** The same numbers of a search in one piece. */
function alone({ system, properties }: Model) {
  const { states, transitions, depth, deadlocks, properties: found } = breadthFirst(system, properties)
  const isDecided = (verdict: string): boolean => verdict === 'violated' || verdict === 'reached'
  return {
    states,
    transitions,
    depth,
    deadlocks,
    // Of deadlocks and oopses it is the number of states, which no shard counts.
    antecedents: found.map(({ antecedent, kind }) =>
      kind === 'deadlock' || kind === 'fault' ? expect.anything() : antecedent,
    ),
    found: found.flatMap(({ id, verdict }) => (isDecided(verdict) ? [id] : [])).sort(),
  }
}

describe('a search over shards', () => {
  it.each(effort(0, 1) === 1 ? [1, 2, 5] : [3])('finds over %i shards what one search finds', (count) => {
    const model = twoPhaseModel(effort(3, 4))
    expect(searched(model, count, 0, 1)).toMatchObject(alone(model))
  })

  it('finds the same when shards lose their memory', () => {
    const model = twoPhaseModel(effort(3, 4))
    const found = searched(model, 3, effort(6, 20), 7)
    expect(found).toMatchObject(alone(model))
    expect(found.left).toBe(0)
  })

  it('finds in random systems what one search finds', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(255), { minLength: 20, maxLength: 120 }),
        fc.integer({ min: 1, max: 4 }),
        fc.nat(5),
        fc.nat(),
        (tape, count, kills, seed) => {
          const model = randomModel(tape)
          const one = alone(model)
          const many = searched(model, count, kills, seed)
          expect({ ...many, found: [] }).toMatchObject({ ...one, found: [] })
          // Oopses that no property names are found, too.
          expect(many.found).toEqual(expect.arrayContaining(one.found))
        },
      ),
      { numRuns: effort(3, 300) },
    )
  })

  it('refuses what no shard can have sent', () => {
    const { system, properties } = twoPhaseModel(3)
    const { words } = system.layout
    const log = new ShardLog(folder(), words)
    const search = new ShardSearch({ system, properties }, { shard: 0, shards: 2, seed: 1, bits: 96 }, log)
    search.begin()
    const batch = (fill: number, level = 0, high = 0): ReturnType<typeof readBatch> => {
      const outgoing = new OutgoingBatch(words, 4)
      const state = new Int32Array(words).fill(fill)
      outgoing.add(0, 0, 1, high, state, 0, new Int32Array(words), 0)
      return readBatch(outgoing.take({ generation: 0, level, from: 1 }), words)
    }
    expect(() => search.receive(batch(-1))).toThrow('a state in it is none of this system')
    // A state, with lanes that are not its lanes.
    expect(() => search.receive(batch(0))).toThrow('a state in it is none of this system')
    expect(() => search.receive(batch(0, 0, -1))).toThrow('it is for another shard')
    expect(() => search.receive(batch(0, 1))).toThrow('it is of level 1, and this shard is in 0')
    expect(() => readBatch(new Uint8Array(24), words)).toThrow(BadBatch)
    expect(() => readBatch(new Uint8Array(3), words)).toThrow('3 bytes are no batch')
    log.close()
  })

  it('has an owner for each state', () => {
    const counts = [0, 0, 0]
    const random = xoshiro(3)
    for (let n = 0; n < 3000; n++) counts[ownerOf(random(), 3)]++
    expect(Math.min(...counts)).toBeGreaterThan(900)
    expect([ownerOf(0, 3), ownerOf(-1, 3), ownerOf(0x7fffffff, 2), ownerOf(-0x80000000, 2)]).toEqual([
      0, 2, 0, 1,
    ])
  })

  it('takes longer fingerprints where a collision would be likely', () => {
    expect([bitsFor(1e6), bitsFor(1e9), bitsFor(1e11)]).toEqual([96, 96, 128])
  })

  it('forgets states that were sent, but takes none for another one', () => {
    const sent = new SentStates(2)
    const none = new Int32Array(2)
    const [one, other] = [Int32Array.of(1, 2), Int32Array.of(1, 3)]
    expect([one, one, other, one].map((state) => sent.has(5, state, 0, none, 0))).toEqual([
      false,
      true,
      false,
      false,
    ])
  })
})
