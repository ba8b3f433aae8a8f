import type { Property } from '../../../model/language/property.ts'
import type { System } from '../../../model/language/system.ts'
import type { Trace } from '../../../model/language/trace.ts'
import type { CompiledSystem } from '../../compile/compiled-system.ts'
import type { Predicates } from '../../compile/predicates.ts'
import { RECORD } from '../../compile/transition-record.ts'
import { NOTHING_REDUCED } from '../../reduce/reduction.ts'
import { MOST_ARRAY_BYTES } from '../../state/array-bounds.ts'
import type { ExactSet } from '../../state/exact-set.ts'
import { SIZES } from '../../state/sizes.ts'
import { VectorStore } from '../../state/vector-store.ts'
import { fullSearchOver, samplerFor } from '../composition.ts'
import { FailedSearch, isFinal } from '../failed-search.ts'
import { LimitWatch } from '../limit-watch.ts'
import type { PropertyMonitor } from '../property-monitor.ts'
import type { SearchResult } from '../result.ts'
import type { SamplingOptions } from '../search-options.ts'
import { countsByName, namedSteps } from '../step-names.ts'
import type { StopReason } from '../stop-reason.ts'
import type { Successors } from '../successors.ts'
import { decidableIn, partialResults } from './partial-results.ts'
import { RunningThreads } from './running-threads.ts'

/** How to search with few preemptions. */
export interface PreemptionOptions extends SamplingOptions {
  /** There is a round for each number of preemptions from 0 to this one. Default 2. */
  readonly maxPreemptions?: number
}

const DEFAULT_PREEMPTIONS = 2
/** Nodes expanded between two checks of the limits. */
const INTERVAL = SIZES.look
const { chunkBits, chunkMask } = VectorStore

/**
 * Visits every behaviour with few preemptions (Musuvathi and Qadeer, "Iterative context bounding for systematic
 * testing of multithreaded programs", 2007). A preemption switches away from a thread that could take a step;
 * switching away from a blocked or finished thread is free, and so is the choice of the first thread. Each round allows
 * one preemption more and starts where the previous one ended, so a violation is reported with the fewest preemptions
 * it needs. The result says up to which number everything was visited, and never that a property holds. The search is
 * deterministic.
 * @throws ModelError when the model is wrong.
 */
export function fewPreemptions<W>(
  system: System<W>,
  properties: readonly Property<W>[],
  options: PreemptionOptions = {},
): SearchResult {
  return new FewPreemptions(system, properties, options).run()
}

class FewPreemptions {
  readonly #system: System
  readonly #properties: readonly Property<never>[]
  readonly #compiled: CompiledSystem
  readonly #predicates: Predicates
  readonly #monitor: PropertyMonitor<Trace>
  readonly #successors: Successors
  readonly #store: VectorStore
  readonly #visited: ExactSet
  readonly #watch: LimitWatch
  readonly #options: PreemptionOptions
  readonly #words: Int32Array
  readonly #nodes: RunningThreads
  readonly #initialOf: number[] = []
  /** Nodes to expand in this round, and those to preempt in the next. */
  #round: number[] = []
  #later: number[] = []
  #transitions = 0
  #stopped: StopReason | null = null
  /** Whether the last round found nothing new: then no number of preemptions does. */
  #exhausted = false
  /** Whether some node was not expanded because of the depth limit. */
  #cut = false

  constructor(system: System, properties: readonly Property<never>[], options: PreemptionOptions) {
    this.#system = system
    this.#options = options
    this.#properties = properties
    const traceTo = (state: number, last: number | null): Trace => this.#traceTo(state, last)
    const code = samplerFor(system, properties, { ...options, seed: 1 }, traceTo)
    this.#compiled = code.compiled
    this.#predicates = code.predicates
    this.#monitor = code.monitor
    const { store, visited, successors, words } = fullSearchOver(code.compiled, options.mostArrayBytes)
    this.#store = store
    this.#visited = visited
    this.#successors = successors
    this.#words = words
    this.#watch = new LimitWatch(options)
    this.#nodes = new RunningThreads(system.threads.length)
  }

  run(): SearchResult {
    const most = this.#options.maxPreemptions ?? DEFAULT_PREEMPTIONS
    let done = -1
    try {
      this.#enterInitialStates()
      done = this.#rounds(most)
    } catch (error) {
      if (!isFinal(error)) throw error
      this.#stopped = { kind: 'model-error', message: error.message }
      throw new FailedSearch(error.message, null, this.#result(done))
    }
    return this.#result(done)
  }

  /** Returns the number of preemptions up to which everything was visited, or -1. */
  #rounds(most: number): number {
    let done = -1
    for (let preemptions = 0; preemptions <= most; preemptions++) {
      if (preemptions > 0) this.#preempt()
      if (this.#stopped !== null) break
      this.#exhausted = this.#round.length === 0
      this.#finishRound()
      if (this.#stopped !== null) break
      if (!this.#cut) done = preemptions
      if (this.#exhausted || this.#isSettled) break
    }
    this.#compiled.recheck(1)
    this.#predicates.recheck(1)
    return done
  }

  #enterInitialStates(): void {
    const { layout, initial, threads } = this.#system
    const { hash } = this.#compiled
    initial.forEach((encoded, index) => {
      layout.pack(encoded, this.#words, 0)
      const found = this.#visited.insertState(this.#words, 0, hash.hashLow(encoded), hash.hashHigh(encoded))
      if (found >= 0) return
      this.#initialOf[~found] = index
      for (let thread = 0; thread < threads.length; thread++) this.#add(~found, thread, -1, -1)
      this.#monitor.state(~found, this.#words, 0)
    })
  }

  /** Switches to each other thread in every node of the last round: one preemption more. */
  #preempt(): void {
    const nodes = this.#later
    this.#later = []
    for (let n = 0; n < nodes.length; n++) {
      if (n % INTERVAL === 0) this.#stopped = this.#lack
      if (this.#stopped !== null) return
      this.#addOtherThreads(nodes[n])
    }
  }

  #finishRound(): void {
    // Nodes are appended during the loop.
    for (let n = 0; n < this.#round.length; n++) {
      if (n % INTERVAL === 0) {
        this.#stopped = this.#watch.exceeded(this.#store.count, this.#bytes) ?? this.#lack
        if (this.#stopped !== null) return
      }
      this.#expand(this.#round[n])
    }
    this.#round = []
  }

  get #isSettled(): boolean {
    const sought = decidableIn(this.#properties, this.#options.wanted)
    return sought.length > 0 && this.#monitor.hasFound(sought)
  }

  /** Which table may overflow its maximum size before the next check, as a reason to stop; or null. */
  get #lack(): StopReason | null {
    const { threads } = this.#system
    const { mostArrayBytes = MOST_ARRAY_BYTES } = this.#options
    const states = this.#store.count + INTERVAL * this.#compiled.mostEnabled
    if (states > this.#visited.mostStates) return { kind: 'table-full', table: 'visited states' }
    // Expanding a node adds one node per step, or one per other thread.
    const turns = INTERVAL * Math.max(this.#compiled.mostEnabled, threads.length)
    return this.#nodes.fits(states, turns, mostArrayBytes) ? null : { kind: 'table-full', table: 'turns' }
  }

  get #bytes(): number {
    return this.#store.bytes + this.#visited.bytes + this.#nodes.bytes
  }

  #expand(node: number): void {
    const state = this.#nodes.state(node)
    const thread = this.#nodes.thread(node)
    if (this.#watch.tooDeep(this.#nodes.depth(node))) {
      this.#cut = true
      return
    }
    const successors = this.#successors
    const chunk = this.#store.chunks[state >>> chunkBits]
    const base = (state & chunkMask) * this.#store.words
    if (successors.findOf(thread, chunk, base) === 0) {
      this.#switchThread(node, chunk, base)
      return
    }
    this.#later.push(node)
    const low = this.#store.lows[state >>> chunkBits][state & chunkMask]
    const high = this.#store.highs[state >>> chunkBits][state & chunkMask]
    const words = this.#words
    const { records } = this.#compiled
    for (let k = 0; k < successors.count; k++) {
      const step = successors.steps[k]
      const record = successors.records[k]
      records[record + RECORD.fired]++
      this.#transitions++
      this.#monitor.transition(state, this.#compiled, record)
      if (successors.faults(k)) continue
      for (let w = 0; w < words.length; w++) words[w] = chunk[base + w]
      successors.apply(k, words, 0)
      const found = this.#visited.insertState(
        words,
        0,
        low ^ records[record + RECORD.hashLow],
        high ^ records[record + RECORD.hashHigh],
      )
      const next = found < 0 ? ~found : found
      this.#add(next, thread, node, step)
      if (found < 0) this.#monitor.state(next, words, 0)
    }
  }

  /** The running thread is blocked or finished: switching to any other is free. */
  #switchThread(node: number, chunk: Int32Array, base: number): void {
    const state = this.#nodes.state(node)
    if (this.#successors.find(chunk, base) === 0) {
      if (this.#nodes.firstIn(state) === node) this.#monitor.terminal(state, chunk, base)
      return
    }
    this.#addOtherThreads(node)
  }

  #addOtherThreads(node: number): void {
    const state = this.#nodes.state(node)
    for (let thread = 0; thread < this.#system.threads.length; thread++)
      if (thread !== this.#nodes.thread(node)) this.#add(state, thread, node, -1)
  }

  /** Adds the node of a state in which `thread` runs, to be expanded in this round unless it is known. */
  #add(state: number, thread: number, parent: number, step: number): void {
    const node = this.#nodes.add(state, thread, parent, step)
    if (node >= 0) this.#round.push(node)
  }

  #traceTo(state: number, last: number | null): Trace {
    const { root, steps } = this.#nodes.pathTo(this.#nodes.firstIn(state))
    const all = last === null ? steps : [...steps, last]
    return { initial: this.#initialOf[root], steps: namedSteps(this.#system, this.#compiled.steps, all) }
  }

  #result(done: number): SearchResult {
    const states = this.#store.count
    const exhausted = this.#exhausted && !this.#cut
    const { maxDepth = null } = this.#options
    return {
      complete: false,
      incompleteReason: {
        kind: 'preemptions',
        // The round that found nothing new allowed one preemption more than needed.
        upTo: done < 0 ? null : exhausted ? done - 1 : done,
        exhausted,
        cutAfter: this.#cut ? maxDepth : null,
        stopped: this.#stopped,
      },
      states,
      transitions: this.#transitions,
      depth: this.#nodes.greatestDepth,
      deadlocks: this.#monitor.deadlocks,
      seconds: this.#watch.seconds,
      bytesPerState: this.#bytes / states,
      collisionProbability: 0,
      collisionMeasured: 0,
      steps: countsByName(this.#system, this.#compiled.steps, this.#compiled.fired()),
      properties: partialResults(
        { compiled: this.#compiled, monitor: this.#monitor },
        this.#properties,
        states,
      ),
      reduction: NOTHING_REDUCED,
      workers: 1,
      modelError: null,
      coverage: {
        method: 'preemptions',
        walks: null,
        seed: null,
        preemptions: done < 0 ? null : done,
        chance: null,
      },
    }
  }
}
