import type { System } from '../../../model/language/system.ts'
import { CompiledSystem } from '../../compile/compiled-system.ts'
import { Predicates } from '../../compile/predicates.ts'
import { LEAF } from '../../compile/record-format.ts'
import { Batch, type VisitedSet } from '../../state/batch.ts'
import { VectorStore } from '../../state/vector-store.ts'
import { visitedSetOf } from '../../state/visited-set.ts'
import { AnswerClasses } from '../answer-classes.ts'
import { Expander, type ExpansionSink } from '../expander.ts'
import { Inheritance, notesFor } from '../inheritance.ts'
import { Judge } from '../judge.ts'
import { LimitWatch } from '../limits.ts'
import { Ancestry, MOST_STATES, type Origin } from './ancestry.ts'
import { Exchange, GAUGES, ROW, type SharedMemory } from './exchange.ts'
import { LevelRanks } from './level-ranks.ts'
import { MergedRows } from './merged-rows.ts'
import { Outbox, ownerOf } from './outbox.ts'
import type { Found, ParallelOptions, PeerReport } from './report.ts'
import type { Subject } from './subject.ts'

const { chunkBits, chunkMask } = VectorStore

/**
 * One worker of a parallel search. It keeps and expands the states whose hash makes them its own; successors
 * travel to their owners. All workers go through a level together, in rounds of consecutive ranks, and every
 * owner takes in the successors of a round in the order in which one worker alone would have found them. So
 * numbers, depths and counterexamples do not depend on the number of workers.
 */
export class Peer implements ExpansionSink {
  readonly #system: System
  readonly #exchange: Exchange
  readonly #compiled: CompiledSystem
  readonly #store: VectorStore
  readonly #visited: VisitedSet
  readonly #expander: Expander
  readonly #classes: AnswerClasses
  readonly #judge: Judge<unknown>
  readonly #watch: LimitWatch
  readonly #incoming: MergedRows
  readonly #ancestry = new Ancestry()
  readonly #found = new Map<string, Found>()
  /** States of consecutive ranks that are expanded in one round. */
  readonly #window: number
  #ranks = new LevelRanks()
  #nextRanks = new LevelRanks()
  /** First own state of the level, and the first beyond it. */
  #levelStart = 0
  #levelEnd = 0
  #depth = 0
  /** States of all workers up to the current level. */
  #total = 0
  /** How many of them, of all workers, are expanded. */
  #expanded = 0
  #head = 0
  #beyond = false
  #stopped: string | null = null
  /** Parity of the round whose key lists are still to be ranked. */
  #unranked: number | null = null
  readonly #outbox: Outbox
  /** Hands on what is known of the steps of a state; null where each state is looked at anew. */
  readonly #inheritance: Inheritance | null
  /** Own successors of own states that were new in a portion. */
  readonly #own: Batch

  constructor(subject: Subject, options: ParallelOptions, memory: SharedMemory, me: number) {
    const { system, properties } = subject
    this.#system = system
    this.#exchange = new Exchange(memory, me)
    this.#compiled = new CompiledSystem(system, {
      actions: properties.filter((p) => p.kind === 'action') as never,
      seed: options.seed ?? 1,
      ...(subject.onRecord === undefined ? {} : { onRecord: subject.onRecord }),
    })
    const { room, noteBytes } = notesFor(system)
    const keep = (options.storage ?? 'exact') === 'exact'
    this.#store = new VectorStore(system.layout.words, keep, room, noteBytes)
    this.#visited = visitedSetOf(this.#store, options)
    this.#expander = new Expander(this.#compiled, this.#store)
    const predicates = new Predicates(system, Judge.questions(properties))
    this.#classes = new AnswerClasses(predicates, this.#compiled)
    this.#judge = new Judge(system, properties, predicates, this.#classes)
    this.#watch = new LimitWatch(options)
    this.#incoming = new MergedRows(this.#exchange)
    this.#window = Math.max(1, Math.floor(memory.capacity / this.#compiled.mostEnabled))
    this.#inheritance = room > 0 ? new Inheritance(this.#expander.lists, this.#store, true) : null
    const most = this.#expander.batch.found.length
    this.#outbox = new Outbox(this.#exchange, this.#store, this.#inheritance, most, options)
    this.#own = new Batch(most)
  }

  /** Searches to the end, in step with the other workers. @throws Abandoned when one of them is lost. */
  run(): PeerReport {
    this.#enterInitialStates()
    while (this.#ranks.total > 0 && this.#stopped === null && !this.#beyond) {
      this.#beyond = this.#watch.tooDeep(this.#depth)
      this.#total += this.#ranks.total
      this.#expandLevel()
      if (this.#nextRanks.total > 0 && !this.#beyond && this.#stopped === null) this.#depth++
      const done = this.#ranks
      this.#ranks = this.#nextRanks
      this.#nextRanks = done
      this.#levelStart = this.#levelEnd
      this.#levelEnd = this.#store.count
    }
    if (this.#beyond && this.#ranks.total > 0) this.#stopped ??= `depth ${this.#depth} reached (--max-depth)`
    // A search whose last state was just expanded is finished, whatever the limits say.
    else if (this.#ranks.total === 0 && this.#expanded === this.#total) this.#stopped = null
    if (!this.#beyond) this.#total += this.#ranks.total
    return this.#report()
  }

  /** Where a state came from, for whoever puts a counterexample together. */
  originOf(state: number): Origin {
    return this.#ancestry.of(state)
  }

  flush(head: number): boolean {
    this.#head = head
    this.#outbox.send(this.#expander.batch, this.#compiled.leaves, this.#ranks.array, this.#levelStart)
    return true
  }

  special(state: number, leaf: number): void {
    const { leaves, faults } = this.#compiled
    const fault = leaves[leaf + LEAF.fault]
    const named = fault === 0 ? null : faults[fault - 1].property
    this.#judge.step(state, leaves[leaf + LEAF.step], leaves[leaf + LEAF.violated], named)
  }

  stuck(state: number, words: Int32Array, base: number): void {
    this.#judge.stuck(state, words, base)
  }

  #enterInitialStates(): void {
    const { layout, initial } = this.#system
    const { hash } = this.#compiled
    const words = new Int32Array(layout.words)
    const seen = new Set<string>()
    initial.forEach((codes, index) => {
      layout.pack(codes, words, 0)
      const key = words.join(' ')
      if (seen.has(key)) return
      const high = hash.hashHigh(codes)
      if (ownerOf(high, this.#exchange.memory.workers) === this.#exchange.me) {
        const id = ~this.#visited.insertState(words, 0, hash.hashLow(codes), high)
        this.#ancestry.addRoot(index)
        this.#nextRanks.push(seen.size)
        this.#store.tags[0][id] = this.#judge.state(id, words, 0)
      }
      seen.add(key)
    })
    this.#levelEnd = this.#store.count
    this.#ranks.total = seen.size
    for (let n = 0; n < this.#nextRanks.count; n++) this.#ranks.push(this.#nextRanks.of(n))
    this.#locate()
  }

  #expandLevel(): void {
    const exchange = this.#exchange
    const ranks = this.#ranks
    this.#nextRanks.clear()
    let cursor = this.#levelStart
    for (let first = 0; first < ranks.total && this.#stopped === null; first += this.#window) {
      this.#expanded += Math.min(this.#window, ranks.total - first)
      let end = cursor
      while (end < this.#levelEnd && ranks.of(end - this.#levelStart) < first + this.#window) end++
      this.#outbox.begin()
      this.#head = this.#expander.expand(cursor, end, this)
      this.#outbox.send(this.#expander.batch, this.#compiled.leaves, this.#ranks.array, this.#levelStart)
      cursor = end
      this.#outbox.close()
      if (exchange.me === 0) exchange.announceStop(this.#mustStop())
      exchange.barrier()
      if (exchange.stopAnnounced) this.#stopped = this.#mustStop() ? this.#reason() : 'stopped'
      this.#rankPending()
      this.#takeIn()
      this.#unranked = exchange.parity
      exchange.parity ^= 1
      this.#showProgress()
    }
    exchange.barrier()
    this.#rankPending()
  }

  /** Why worker 0 wants to stop, for the report. */
  #reason(): string | null {
    const states = this.#total + this.#nextRanks.total
    return this.#exchange.stopAsked ? 'interrupted' : this.#watch.exceeded(states, () => this.#bytesOfAll)
  }

  #mustStop(): boolean {
    return this.#reason() !== null
  }

  /** Takes in the successors that were sent in the current round, in ascending order of rank and step. */
  #takeIn(): void {
    const exchange = this.#exchange
    const { rows, keys } = exchange.memory
    const incoming = this.#incoming
    const store = this.#store
    const list = exchange.keyList(exchange.parity, exchange.me)
    const own = this.#own
    let fresh = 0
    incoming.begin()
    while (incoming.next()) {
      const { at, from, found, count } = incoming
      this.#insert(incoming)
      own.freshCount = 0
      for (let k = 0; k < count; k++) {
        if (found[k] >= 0) continue
        const id = ~found[k]
        if (id >= MOST_STATES) throw new RangeError(`a worker holds more than ${MOST_STATES} states`)
        const row = at[k]
        keys[list + 2 * fresh] = rows[row + ROW.rank]
        keys[list + 2 * fresh++ + 1] = rows[row + ROW.step]
        if (this.#beyond) continue
        this.#ancestry.add(from[k], rows[row + ROW.source], rows[row + ROW.step])
        if (from[k] === exchange.me) {
          const n = own.freshCount++
          own.fresh[n] = n
          own.found[n] = ~id
          own.source[n] = rows[row + ROW.source]
          own.leaf[n] = rows[row + ROW.leaf]
        } else this.#inheritance?.letSleep(id, rows[row + ROW.asleep])
        const words = store.chunks[id >>> chunkBits]
        const base = (id & chunkMask) * store.words
        store.tags[id >>> chunkBits][id & chunkMask] =
          from[k] === exchange.me
            ? this.#judge.successor(
                id,
                this.#tagOf(rows[row + ROW.source]),
                rows[row + ROW.leaf],
                words,
                base,
              )
            : this.#judge.state(id, words, base)
      }
      this.#inheritance?.handOn(own)
    }
    exchange.setKeyCount(exchange.parity, fresh)
    store.expandedUpTo(this.#head)
  }

  #insert(rows: MergedRows): void {
    if (this.#visited.insertRows !== undefined) {
      this.#visited.insertRows(rows)
      return
    }
    const { data, at, low, found, count, offset } = rows
    this.#visited.touch?.(low, count)
    for (let k = 0; k < count; k++)
      found[k] = this.#visited.insertState(data, at[k] + offset, data[at[k]], data[at[k] + ROW.hashHigh])
  }

  #tagOf(state: number): number {
    return this.#store.tags[state >>> chunkBits][state & chunkMask]
  }

  #rankPending(): void {
    if (this.#unranked === null) return
    this.#nextRanks.assign(this.#exchange, this.#unranked)
    this.#unranked = null
    this.#locate()
  }

  /** Notes the ranks of what was found, while they are known. */
  #locate(): void {
    if (this.#judge.findings.size === this.#found.size) return
    for (const [id, { state, step }] of this.#judge.findings) {
      if (this.#found.has(id)) continue
      if (state < this.#levelEnd) {
        const rank = this.#ranks.of(state - this.#levelStart)
        this.#found.set(id, { state, step, depth: this.#depth, rank })
      } else if (state - this.#levelEnd < this.#nextRanks.count) {
        const rank = this.#nextRanks.of(state - this.#levelEnd)
        this.#found.set(id, { state, step, depth: this.#depth + 1, rank })
      }
    }
  }

  get #bytes(): number {
    const records = this.#expander.lists.bytes + this.#classes.bytes
    return this.#store.bytes + this.#visited.bytes + this.#ancestry.bytes + records
  }

  get #bytesOfAll(): number {
    const { gauges, workers } = this.#exchange.memory
    let sum = 0
    for (let w = 0; w < workers; w++) sum += gauges[GAUGES * w + 2]
    return sum
  }

  #showProgress(): void {
    const { memory, me } = this.#exchange
    const { count } = this.#store
    const shown = [this.#expander.transitions, count, this.#bytes, count - this.#head, this.#depth]
    memory.gauges.set(shown, GAUGES * me)
  }

  #report(): PeerReport {
    this.#expander.lists.settle()
    const compiled = this.#compiled
    const { bits, collisionMeasured } = this.#visited
    return {
      stopped: this.#stopped,
      states: this.#total,
      own: this.#store.count,
      transitions: this.#expander.transitions,
      depth: this.#depth,
      deadlocks: this.#judge.deadlocks,
      bytes: this.#bytes,
      fired: [...compiled.fired()],
      antecedents: this.#judge.antecedents({
        eachActionLeaf: (visit) => compiled.eachLeaf((leaf) => visit(compiled.leaves, leaf)),
      }),
      found: [...this.#found],
      bits: bits ?? null,
      collisionMeasured: collisionMeasured ?? 0,
    }
  }
}
