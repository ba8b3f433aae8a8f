import type { System } from '../../model/language/system.ts'
import { RECORD } from '../compile/transition-record.ts'
import { type ShardEngine, shardEngineFor } from '../search/composition.ts'
import type { ExpansionSink } from '../search/expander.ts'
import { LimitWatch } from '../search/limit-watch.ts'
import type { Model } from '../search/parallel/model.ts'
import type { StopReason } from '../search/stop-reason.ts'
import type { Batch } from '../state/batch.ts'
import { PackedHash } from '../state/packed-hash.ts'
import { VectorStore } from '../state/vector-store.ts'
import { BadBatch, OutgoingBatch, type ReceivedBatch, ROW } from './batch-format.ts'
import { ownerOf } from './owner.ts'
import { SentStates } from './sent-states.ts'
import { BadLog, LOG_ROW, NO_SHARD, type Position, type ShardLog } from './shard-log.ts'

const { chunkBits, chunkMask } = VectorStore

/** States of a batch for another shard. */
const BATCH = 1024

/** How a search is divided, and stored. */
export interface ShardOptions {
  /** The number of this shard, and how many there are. */
  readonly shard: number
  readonly shards: number
  readonly seed: number
  readonly bits: 96 | 128
  /** MiB that the process may take; absent: nine tenths of the memory. */
  readonly memoryLimit?: number
}

/**
 * The part of an exhaustive search that one shard does, without the messages: it owns some of the states, expands them
 * level by level with the same compiled steps as every search, keeps the successors that it owns and collects the others
 * for their owners. All shards finish a level before one begins the next, so that depths are exact.
 *
 * Everything that was found is in the log; what has been expanded is in the positions. A search that is restored from
 * them continues with the same numbers.
 */
export class ShardSearch implements ExpansionSink {
  readonly #system: System
  readonly #options: ShardOptions
  readonly #engine: ShardEngine
  readonly #log: ShardLog
  readonly #outgoing: readonly OutgoingBatch[]
  readonly #sent: SentStates
  readonly #hash: PackedHash
  readonly #watch: LimitWatch
  readonly #mostStates: number
  #level = 0
  #head = 0
  #levelEnd = 0
  #levels: number[] = []
  #firedBefore: readonly number[] = []
  #low = 0
  #high = 0
  #stopped: StopReason | null = null
  /** States that arrived, and those that were new. */
  received = 0
  receivedNew = 0
  /** States that were collected for others. */
  sent = 0

  constructor(model: Model, options: ShardOptions, log: ShardLog) {
    const { system } = model
    this.#system = system
    this.#options = options
    const { seed, bits, shards, memoryLimit } = options
    this.#engine = shardEngineFor(model, { seed, fingerprintBits: bits, recheck: 'sample' })
    this.#log = log
    const { words, fields } = system.layout
    this.#outgoing = Array.from({ length: shards }, () => new OutgoingBatch(words, BATCH))
    this.#sent = new SentStates(words)
    this.#hash = new PackedHash(fields, words, this.#engine.compiled.hash)
    this.#watch = new LimitWatch(memoryLimit === undefined ? {} : { memoryLimit })
    this.#mostStates = this.#engine.visited.mostStates ?? Number.POSITIVE_INFINITY
  }

  /** Enters the initial states that this shard owns. */
  begin(): void {
    const { layout, initial } = this.#system
    const words = new Int32Array(layout.words)
    initial.forEach((encoded, index) => {
      layout.pack(encoded, words, 0)
      if (!this.#hash.of(words, 0)) throw new Error(`initial state ${index} cannot be packed`)
      if (ownerOf(this.#hash.high, this.#options.shards) !== this.#options.shard) return
      const { low, high } = this.#hash
      this.#enter(words, 0, low, high, { shard: NO_SHARD, parent: index, step: 0 })
    })
    this.#levelEnd = this.#engine.store.count
    this.#levels = [0, this.#levelEnd]
  }

  /** The level that is expanded: the distance of its states from an initial state. */
  get level(): number {
    return this.#level
  }

  /** States found. */
  get count(): number {
    return this.#engine.store.count
  }

  /** States of the level that are not expanded. */
  get left(): number {
    return this.#levelEnd - this.#head
  }

  /** States found for the next level. */
  get next(): number {
    return this.#engine.store.count - this.#levelEnd
  }

  get transitions(): number {
    return this.#engine.expander.transitions
  }

  get bytes(): number {
    return this.#engine.store.bytes + this.#engine.visited.bytes
  }

  /** Whether a property is violated so far. */
  get isViolated(): boolean {
    return this.#engine.monitor.isViolated
  }

  /** Why the search cannot continue, or null. */
  get stopped(): StopReason | null {
    return this.#stopped
  }

  /** Expands some states of the level, at most `most`, and no more than fit into the outgoing batches. */
  expand(most: number): void {
    const end = Math.min(this.#levelEnd, this.#head + most)
    this.#head = this.#engine.expander.expand(this.#head, end, this)
    this.#lookUp()
    this.#engine.store.expandedUpTo(this.#head)
    const { count } = this.#engine.store
    this.#stopped ??= this.#watch.exceeded(
      count,
      () => this.bytes,
      this.#engine.visited.growthFor?.(BATCH) ?? 0,
    )
    if (count + BATCH * this.#options.shards > this.#mostStates)
      this.#stopped ??= { kind: 'table-full', table: 'visited states' }
  }

  /** Begins the next level, when all shards have finished this one. */
  turn(): void {
    if (this.left > 0) throw new Error(`${this.left} states of level ${this.#level} are not expanded`)
    this.#level++
    this.#levelEnd = this.#engine.store.count
    this.#levels.push(this.#levelEnd)
  }

  /**
   * Takes states that another shard found.
   * @throws BadBatch for what no shard of this search can have sent.
   */
  receive({ level, from, count, rows }: ReceivedBatch): void {
    const { words } = this.#system.layout
    const width = ROW.words + words
    const isOld = level < this.#level
    if (level > this.#level)
      throw new BadBatch(`it is of level ${level}, and this shard is in ${this.#level}`)
    const steps = this.#engine.compiled.steps.length
    const { shard, shards } = this.#options
    if (!(from >= 0 && from < shards)) throw new BadBatch(`it is from shard ${from} of ${shards}`)
    for (let n = 0, at = 0; n < count; n++, at += width) {
      const parent = rows[at + ROW.parent]
      const step = rows[at + ROW.step]
      const base = at + ROW.words
      const low = rows[at + ROW.low]
      const high = rows[at + ROW.high]
      if (parent < 0 || !(step >= 0 && step < steps)) throw new BadBatch('no step leads to a state in it')
      if (ownerOf(high, shards) !== shard) throw new BadBatch('it is for another shard')
      const isNew = this.#enter(rows, base, low, high, { shard: from, parent, step })
      if (isNew && isOld) throw new BadBatch(`it has a state that level ${level} did not lead to`)
      if (isNew) this.receivedNew++
    }
    this.received += count
  }

  /** The shards that batches wait for. */
  outgoing(least: number): number[] {
    return this.#outgoing.flatMap(({ count }, shard) => (count >= least && count > 0 ? [shard] : []))
  }

  /** The batch for a shard, as bytes; the caller must send it before it saves a position. */
  take(shard: number, generation: number): Uint8Array {
    return this.#outgoing[shard].take({ generation, level: this.#level, from: this.#options.shard })
  }

  flush(head: number): boolean {
    this.#head = head
    this.#lookUp()
    return true
  }

  special(state: number, record: number): void {
    this.#engine.monitor.transition(state, this.#engine.compiled, record)
  }

  terminal(state: number, words: Int32Array, base: number): void {
    this.#engine.monitor.terminal(state, words, base)
  }

  /** The numbers of the search now; the successors of all expanded states must have been sent. */
  position(generation: number): Position {
    const { monitor, expander, store } = this.#engine
    expander.lists.settle()
    return {
      generation,
      level: this.#level,
      head: this.#head,
      levelEnd: this.#levelEnd,
      count: store.count,
      levels: this.#levels,
      transitions: expander.transitions,
      deadlocks: monitor.deadlocks,
      fired: this.fired(),
      antecedents: monitor.antecedents(this.#records),
      findings: Array.from(monitor.findings, ([id, { state, step }]) => [id, state, step]),
      checksum: this.#checksum,
    }
  }

  /** The distance of a state from an initial state. */
  levelOf(state: number): number {
    return this.#levels.findLastIndex((first) => first <= state)
  }

  /** Repeats some recordings. @throws ModelError for model code that depends on something outside the state. */
  recheck(): void {
    this.#engine.compiled.recheck(this.#options.seed)
    this.#engine.predicates.recheck(this.#options.seed)
  }

  /** How often each step was taken. */
  fired(): number[] {
    return Array.from(this.#engine.compiled.fired(), (count, s) => count + (this.#firedBefore[s] ?? 0))
  }

  /**
   * Continues from a position, in an empty search: reads the states of the log back.
   * @param isWhole false to drop what was found after the position.
   * @throws BadLog when they are not the states of the position.
   */
  *restore(position: Position, isWhole: boolean): Generator<number> {
    const { store, visited, valuations, monitor, expander } = this.#engine
    const { words } = this.#system.layout
    const width = LOG_ROW.words + words
    const { count: known, head } = position
    const findings = position.findings.map(([id, state, step]) => [id, { state, step }] as const)
    monitor.restore(findings, position.antecedents, position.deadlocks)
    let id = 0
    for (const { rows, count } of this.#log.rows(isWhole ? Number.POSITIVE_INFINITY : known)) {
      for (let n = 0, base = LOG_ROW.words; n < count; n++, base += width, id++) {
        if (!this.#hash.of(rows, base)) throw new BadLog(`state ${id} is none of this system`)
        const { low, high } = this.#hash
        if (visited.insertState(rows, base, low, high) !== ~id) throw new BadLog(`state ${id} is there twice`)
        this.#low ^= low
        this.#high ^= high
        const slot = id & chunkMask
        if (id >= known) store.tags[id >>> chunkBits][slot] = monitor.state(id, rows, base)
        else if (id >= head) store.tags[id >>> chunkBits][slot] = valuations.ofState(rows, base)
        if (id === known - 1 && this.#checksum !== position.checksum)
          throw new BadLog('its states are not those that its position is of')
      }
      store.expandedUpTo(Math.min(head, id))
      yield id
    }
    if (id < known) throw new BadLog(`it has ${id} of ${known} states`)
    this.#head = head
    this.#level = position.level
    this.#levelEnd = position.levelEnd
    this.#levels = [...position.levels]
    this.#firedBefore = position.fired
    expander.transitions = position.transitions
  }

  get #checksum(): string {
    return `${(this.#low >>> 0).toString(16)}:${(this.#high >>> 0).toString(16)}`
  }

  readonly #records = {
    eachActionRecord: (visit: (records: Int32Array, record: number) => void): void => {
      const { compiled } = this.#engine
      compiled.eachRecord((record) => visit(compiled.records, record))
    },
  }

  /**
   * Adds a state. The lanes that came with it are computed again only if it is new: that takes longer than all the rest.
   * @returns whether it is new. @throws BadBatch for a new state that is none of this system, or has other lanes.
   */
  #enter(
    words: Int32Array,
    base: number,
    low: number,
    high: number,
    origin: { readonly shard: number; readonly parent: number; readonly step: number },
  ): boolean {
    const { store, visited, monitor } = this.#engine
    const id = ~visited.insertState(words, base, low, high)
    if (id < 0) return false
    if (!this.#hash.of(words, base) || this.#hash.low !== low || this.#hash.high !== high)
      throw new BadBatch('a state in it is none of this system')
    store.tags[id >>> chunkBits][id & chunkMask] = monitor.state(id, words, base)
    this.#note(low, high)
    this.#log.append(origin, words, base)
    return true
  }

  #note(low: number, high: number): void {
    this.#low ^= low
    this.#high ^= high
  }

  /** Looks up the successors that this shard owns, and puts the others into the outgoing batches. */
  #lookUp(): void {
    const { expander, visited, compiled, successorCache } = this.#engine
    const { batch } = expander
    if (batch.count === 0) return
    this.#sortOut(batch)
    visited.insert(batch, compiled.records)
    batch.compact()
    this.#evaluateNew(batch)
    successorCache?.fill(batch)
    batch.count = 0
  }

  /** Keeps the successors that this shard owns at the front of the batch. */
  #sortOut(batch: Batch): void {
    const { shard, shards } = this.#options
    const { low, high, source, record, count } = batch
    const { store, compiled } = this.#engine
    const { words, chunks } = store
    const { records } = compiled
    let own = 0
    for (let k = 0; k < count; k++) {
      const owner = ownerOf(high[k], shards)
      if (owner === shard) {
        low[own] = low[k]
        high[own] = high[k]
        source[own] = source[k]
        record[own++] = record[k]
        continue
      }
      const from = chunks[source[k] >>> chunkBits]
      const base = (source[k] & chunkMask) * words
      const change = record[k] - words
      if (this.#sent.has(low[k], from, base, records, change)) continue
      this.sent++
      const step = records[record[k] + RECORD.step]
      this.#outgoing[owner].add(source[k], step, low[k], high[k], from, base, records, change)
    }
    batch.count = own
  }

  #evaluateNew({ fresh, freshCount, found, source, record, low, high }: Batch): void {
    const { store, monitor, compiled } = this.#engine
    const { chunks, tags, words } = store
    const { records } = compiled
    const { shard } = this.#options
    for (let n = 0; n < freshCount; n++) {
      const k = fresh[n]
      const id = ~found[k]
      const parent = source[k]
      const chunk = chunks[id >>> chunkBits]
      const base = (id & chunkMask) * words
      const parentTag = tags[parent >>> chunkBits][parent & chunkMask]
      tags[id >>> chunkBits][id & chunkMask] = monitor.successor(id, parentTag, record[k], chunk, base)
      this.#note(low[k], high[k])
      this.#log.append({ shard, parent, step: records[record[k] + RECORD.step] }, chunk, base)
    }
  }
}
