import type { MessagePort } from 'node:worker_threads'
import type { System } from '../../../model/language/system.ts'
import type { CompiledSystem } from '../../compile/compiled-system.ts'
import type { Predicates } from '../../compile/predicates.ts'
import { MOST_ARRAY_BYTES } from '../../state/array-bounds.ts'
import { Batch } from '../../state/batch.ts'
import { entryOf, MOST_STATES } from '../../state/shared-exact-set.ts'
import { SharedTable } from '../../state/shared-table.ts'
import type { StateTable } from '../../state/state-table.ts'
import { VectorStore } from '../../state/vector-store.ts'
import { wordsPerSlot } from '../../state/visited-set.ts'
import { workerEngineFor } from '../composition.ts'
import type { Expander, ExpansionSink } from '../expander.ts'
import { LimitWatch } from '../limit-watch.ts'
import type { PropertyMonitor } from '../property-monitor.ts'
import type { StopReason } from '../stop-reason.ts'
import type { SuccessorCache } from '../successor-cache.ts'
import type { Valuations } from '../valuations.ts'
import { ChunkExchange } from './chunk-exchange.ts'
import type { EdgeList } from './edge-list.ts'
import { Frontier } from './frontier.ts'
import type { GraphPart } from './joined-graph.ts'
import type { ParallelOptions, WorkerReport } from './messages.ts'
import type { Model } from './model.ts'
import {
  barrier,
  GAUGES,
  isStopRequested,
  levelRangesIn,
  REQUEST,
  request,
  requests,
  type SharedMemory,
  takenCounterIn,
  throwIfAbandoned,
} from './shared-memory.ts'
import { TableGrowth } from './table-growth.ts'

const { chunkBits, chunkMask } = VectorStore

/**
 * One worker of a parallel search. All workers go through a level together. Which of them expands a state, or finds it
 * first, is a matter of chance; which states are in a level is not. README.md has the consequences.
 */
export class SearchWorker implements ExpansionSink {
  readonly #system: System
  readonly #memory: SharedMemory
  readonly #me: number
  readonly #exchange: ChunkExchange
  readonly #frontier: Frontier
  readonly #seed: number
  readonly #compiled: CompiledSystem
  readonly #predicates: Predicates
  /** The states that this worker found, and the piece of another worker that it expands, in a chunk for guests. */
  readonly #store: VectorStore
  readonly #table: SharedTable
  readonly #visited: StateTable
  readonly #expander: Expander
  readonly #successorCache: SuccessorCache | null
  readonly #edges: EdgeList | null
  /** What to add to the number of a guest for its entry. */
  #guestEntries = 0
  readonly #valuations: Valuations
  readonly #monitor: PropertyMonitor
  readonly #watch: LimitWatch
  readonly #growth: TableGrowth
  /** Most slots that all workers can fill by expanding a piece of the level each. */
  readonly #mostOfPieces: number
  readonly #mostArrayBytes: number
  /** The first own state after the current level. */
  #levelEnd = 0
  #depth = 0
  #beyond = false
  #expanded = 0
  #stopped: StopReason | null = null

  constructor(
    model: Model,
    options: ParallelOptions,
    memory: SharedMemory,
    me: number,
    ports: readonly (MessagePort | null)[],
  ) {
    this.#system = model.system
    this.#memory = memory
    this.#me = me
    this.#exchange = new ChunkExchange(ports)
    this.#frontier = new Frontier(levelRangesIn(memory), memory.workers, me)
    this.#seed = options.seed ?? 1
    this.#table = new SharedTable(memory.slots, wordsPerSlot(options), takenCounterIn(memory), () =>
      throwIfAbandoned(memory),
    )
    const engine = workerEngineFor(model, options, { table: this.#table, exchange: this.#exchange, me })
    this.#compiled = engine.compiled
    this.#predicates = engine.predicates
    this.#valuations = engine.valuations
    this.#monitor = engine.monitor
    this.#store = engine.store
    this.#levelEnd = this.#store.count
    this.#visited = engine.visited
    this.#expander = engine.expander
    const { batch } = this.#expander
    this.#successorCache = engine.successorCache
    this.#edges = engine.edges
    this.#growth = new TableGrowth(memory, this.#table, this.#exchange, me, batch.found.length)
    this.#mostOfPieces =
      memory.workers * (Frontier.mostOfPiece * this.#compiled.mostEnabled + batch.found.length)
    this.#mostArrayBytes = options.mostArrayBytes ?? MOST_ARRAY_BYTES
    this.#watch = new LimitWatch(options)
  }

  /** Searches to the end, together with the other workers. @throws Abandoned when one of them is lost. */
  run(): WorkerReport {
    if (this.#me === 0) this.#enterInitialStates()
    this.#gather()
    let states = 0
    let level = this.#frontier.turn()
    let stop = false
    while (level > 0 && !stop && !this.#beyond) {
      states += level
      // States at the depth limit are still expanded: if none has a new successor, the search is complete.
      this.#beyond = this.#watch.tooDeep(this.#depth)
      stop = (this.#expandLevel() & REQUEST.stop) !== 0
      // If the last state was just expanded, the search is complete even if a limit was reached.
      const rest = stop ? this.#frontier.left : 0
      level = this.#frontier.turn()
      if (rest + level === 0) this.#stopped = null
      else if (this.#beyond && !stop) this.#stopped = { kind: 'max-depth', depth: this.#depth }
      else if (level > 0 && !this.#beyond && !stop) this.#depth++
    }
    if (!this.#beyond) states += level
    this.#compiled.recheck(this.#seed)
    this.#predicates.recheck(this.#seed)
    return this.#report(states)
  }

  /** Ends the expansion instead of looking up: without the look-up, V8 compiles its loop sooner and separately. */
  flush(): boolean {
    return false
  }

  special(state: number, record: number): void {
    this.#monitor.transition(state, this.#compiled, record)
  }

  terminal(state: number, words: Int32Array, base: number): void {
    this.#monitor.terminal(state, words, base)
  }

  #enterInitialStates(): void {
    const { layout, initial } = this.#system
    const { hash } = this.#compiled
    const words = new Int32Array(layout.words)
    for (const encoded of initial) {
      this.#growth.ensureRoom()
      layout.pack(encoded, words, 0)
      const id = ~this.#visited.insertState(words, 0, hash.hashLow(encoded), hash.hashHigh(encoded))
      if (id >= 0) this.#store.tags[id >>> chunkBits][id & chunkMask] = this.#monitor.state(id, words, 0)
    }
  }

  /** Returns the requests of the workers at the end of the level. */
  #expandLevel(): number {
    this.#store.expandedUpTo(this.#levelEnd)
    this.#levelEnd = this.#store.count
    while (this.#goesOn() && this.#frontier.take()) this.#expandPiece()
    this.#lookUp()
    return this.#gather()
  }

  /** Waits until all workers have finished the level, and takes part in enlarging the table meanwhile. */
  #gather(): number {
    for (;;) {
      this.#frontier.offer(this.#levelEnd, this.#store.count)
      const requested = barrier(this.#memory)
      if ((requested & REQUEST.growth) === 0) return requested
      this.#growth.grow()
    }
  }

  #expandPiece(): void {
    const { owner, from, end } = this.#frontier
    this.#expanded += end - from
    if (owner === this.#me) this.#expand(from, end)
    else {
      for (let at = from; at < end; ) {
        const last = Math.min(end, (at | chunkMask) + 1)
        this.#expandGuests(owner, at, last - at)
        at = last
      }
    }
    this.#showProgress()
  }

  /** Expands states of one chunk of another worker. */
  #expandGuests(owner: number, first: number, count: number): void {
    // The batch may still refer to the guests of the previous piece.
    this.#lookUp()
    const from = first & chunkMask
    this.#store.takeGuests(this.#exchange.chunk(owner, first >>> chunkBits), from, from + count)
    this.#guestEntries = entryOf(owner, first)
    this.#expand(0, count)
  }

  /** Expands states of the own store. The last successors may remain in the batch. */
  #expand(from: number, end: number): void {
    const { batch } = this.#expander
    for (let at = from; at < end; ) {
      if (batch.count >= Batch.capacity) this.#lookUp()
      at = this.#expander.expand(at, end, this)
    }
  }

  /** False if the search is to stop, because of a limit or because another worker requested it. */
  #goesOn(): boolean {
    if ((requests(this.#memory) & REQUEST.stop) !== 0) return false
    this.#stopped = isStopRequested(this.#memory)
      ? { kind: 'interrupted' }
      : this.#watch.exceeded(
          this.#table.taken,
          () => this.#bytesOfAll,
          this.#table.fits(this.#mostOfPieces) ? 0 : this.#table.nextBytes,
        )
    this.#stopped ??= this.#lack
    if (this.#stopped === null) return true
    request(this.#memory, REQUEST.stop)
    return false
  }

  /** Which table may overflow its maximum size with the next pieces, as a reason to stop; or null. */
  get #lack(): StopReason | null {
    if ((this.#edges?.growthFor(this.#mostOfPieces) ?? 0) > this.#mostArrayBytes)
      return { kind: 'table-full', table: 'steps between states' }
    const isFull = !this.#table.fits(this.#mostOfPieces) && this.#table.nextBytes > this.#mostArrayBytes
    return isFull || this.#store.count + this.#mostOfPieces > MOST_STATES
      ? { kind: 'table-full', table: 'visited states' }
      : null
  }

  /** Looks up the collected successors and evaluates the properties on the new ones. */
  #lookUp(): void {
    const { batch } = this.#expander
    if (batch.count === 0) return
    this.#growth.ensureRoom()
    this.#visited.insert(batch, this.#compiled.records)
    if (!this.#beyond) {
      if (this.#edges !== null) this.#keepEdges(this.#edges)
      batch.compact()
      this.#evaluateNew()
      this.#successorCache?.fill(batch)
    }
    batch.count = 0
  }

  #keepEdges(edges: EdgeList): void {
    const { found, source, count } = this.#expander.batch
    for (let k = 0; k < count; k++) {
      const s = source[k]
      // The first chunk is that of the guests.
      const from = s <= chunkMask ? this.#guestEntries + s : entryOf(this.#me, s)
      edges.add(from, found[k] < 0 ? entryOf(this.#me, ~found[k]) : found[k])
    }
  }

  #evaluateNew(): void {
    const { fresh, freshCount, found, source, record } = this.#expander.batch
    const { chunks, tags, words } = this.#store
    for (let n = 0; n < freshCount; n++) {
      const k = fresh[n]
      const id = ~found[k]
      const parent = source[k]
      const slot = id & chunkMask
      const own = chunks[id >>> chunkBits]
      const parentTag = tags[parent >>> chunkBits][parent & chunkMask]
      tags[id >>> chunkBits][slot] = this.#monitor.successor(id, parentTag, record[k], own, slot * words)
    }
  }

  get #bytes(): number {
    const records = this.#expander.lists.bytes + this.#valuations.bytes
    const graph = this.#edges === null ? 0 : this.#edges.bytes + this.#monitor.bytes
    return this.#store.bytes + records + graph + (this.#me === 0 ? this.#table.bytes : 0)
  }

  get #bytesOfAll(): number {
    const { gauges, workers } = this.#memory
    let sum = 0
    for (let w = 0; w < workers; w++) sum += gauges[GAUGES * w + 2]
    return sum
  }

  #showProgress(): void {
    const { gauges } = this.#memory
    const at = GAUGES * this.#me
    const found = this.#store.count - (1 << chunkBits)
    gauges[at] = this.#expander.transitions
    gauges[at + 1] = found
    gauges[at + 2] = this.#bytes
    // Negative if this worker expanded more states of others than others expanded of its. The sum over all is right.
    gauges[at + 3] = found - this.#expanded
    gauges[at + 4] = this.#depth
  }

  #report(states: number): WorkerReport {
    this.#expander.lists.settle()
    const compiled = this.#compiled
    const { bits } = this.#visited
    return {
      stopped: this.#stopped,
      states,
      transitions: this.#expander.transitions,
      depth: this.#depth,
      deadlocks: this.#monitor.deadlocks,
      bytes: this.#bytes,
      fired: [...compiled.fired()],
      antecedents: this.#monitor.antecedents({
        eachActionRecord: (visit) => compiled.eachRecord((record) => visit(compiled.records, record)),
      }),
      found: [...this.#monitor.findings.keys()],
      graph: this.#graph,
      bits: bits ?? null,
      // All workers share one table.
      collisionMeasured: this.#me === 0 ? (this.#visited.collisionMeasured ?? 0) : 0,
    }
  }

  /** This worker's part of the graph; null if no property needs it, or the search was stopped. */
  get #graph(): GraphPart | null {
    if (this.#edges === null || this.#stopped !== null) return null
    const first = chunkMask + 1
    const end = this.#store.count
    return { pairs: this.#edges.pairs, first, end, goals: this.#monitor.goalsOf(first, end) }
  }
}
