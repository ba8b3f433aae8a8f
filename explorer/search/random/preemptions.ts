import type { Property } from '../../../model/language/property.ts'
import type { System } from '../../../model/language/system.ts'
import type { Trace } from '../../../model/language/trace.ts'
import type { CompiledSystem } from '../../compile/compiled-system.ts'
import { RECORD } from '../../compile/transition-record.ts'
import { NOTHING_REDUCED } from '../../reduce/reduction.ts'
import { MOST_ARRAY_BYTES } from '../../state/array-bounds.ts'
import { ExactSet } from '../../state/exact-set.ts'
import { SIZES } from '../../state/sizes.ts'
import { VectorStore } from '../../state/vector-store.ts'
import { FailedSearch, isFinal } from '../failed-search.ts'
import { LimitWatch } from '../limits.ts'
import { compiledFor } from '../model-code.ts'
import type { SearchResult } from '../result.ts'
import type { SamplingOptions } from '../search-options.ts'
import { countsByName, namedSteps } from '../step-names.ts'
import type { StopReason } from '../stop-reason.ts'
import { Successors } from '../successors.ts'
import { PartialMonitor } from './partial-monitor.ts'
import { RunningThreads } from './running-threads.ts'

/** How to search up to a number of preemptions. */
export interface PreemptionOptions extends SamplingOptions {
  /** Rounds are made for 0, 1, ... up to this many preemptions. Default 2. */
  readonly maxPreemptions?: number
}

const DEFAULT_PREEMPTIONS = 2
/** Nodes between two looks at the limits. */
const PATIENCE = SIZES.look
const { chunkBits, chunkMask } = VectorStore

/**
 * Visits every behaviour with few preemptions (Musuvathi and Qadeer, "Iterative context bounding for systematic
 * testing of multithreaded programs", 2007). A preemption takes the turn from a thread that could go on;
 * passing it on when the thread is blocked or done is free, and so is who starts. Rounds go by the number of
 * preemptions, each from where the round before had to stop, so a violation is reported with the fewest
 * preemptions it needs. The result says up to which number everything was visited; it never says that a
 * property holds. There is nothing random in it.
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
  readonly #compiled: CompiledSystem
  readonly #successors: Successors
  readonly #store: VectorStore
  readonly #visited: ExactSet
  readonly #monitor: PartialMonitor
  readonly #watch: LimitWatch
  readonly #options: PreemptionOptions
  readonly #words: Int32Array
  readonly #turns: RunningThreads
  readonly #initialOf: number[] = []
  /** Nodes to expand in this round, and those whose turn may be taken away in the next. */
  #round: number[] = []
  #later: number[] = []
  #transitions = 0
  #stopped: StopReason | null = null
  /** True when one more preemption led to nothing new: then more never do. */
  #exhausted = false
  /** True when something was not expanded because of the depth. */
  #cut = false

  constructor(system: System, properties: readonly Property<never>[], options: PreemptionOptions) {
    this.#system = system
    this.#options = options
    this.#compiled = compiledFor(system, properties, { ...options, seed: 1 })
    this.#successors = new Successors(this.#compiled)
    this.#store = new VectorStore(system.layout.words, true)
    this.#visited = new ExactSet(this.#store, undefined, options.mostArrayBytes)
    this.#monitor = new PartialMonitor(this.#compiled, properties, options)
    this.#watch = new LimitWatch(options)
    this.#words = new Int32Array(system.layout.words)
    this.#turns = new RunningThreads(system.threads.length)
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

  /** Returns the greatest number of preemptions up to which everything was visited, -1 for none. */
  #rounds(most: number): number {
    let done = -1
    for (let preemptions = 0; preemptions <= most; preemptions++) {
      if (preemptions > 0) this.#takeTurnsAway()
      if (this.#stopped !== null) break
      this.#exhausted = this.#round.length === 0
      this.#finishRound()
      if (this.#stopped !== null) break
      if (!this.#cut) done = preemptions
      if (this.#exhausted || this.#monitor.settled) break
    }
    this.#compiled.recheck(1)
    this.#monitor.recheck(1)
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
      for (let thread = 0; thread < threads.length; thread++) this.#give(~found, thread, -1, -1)
      this.#monitor.state(this.#words, 0, () => this.#traceTo(~found, null))
    })
  }

  /** In each node of the last round another thread takes the turn: one preemption more. */
  #takeTurnsAway(): void {
    const nodes = this.#later
    this.#later = []
    for (let n = 0; n < nodes.length; n++) {
      if (n % PATIENCE === 0) this.#stopped = this.#lack
      if (this.#stopped !== null) return
      this.#giveToOthers(nodes[n])
    }
  }

  #finishRound(): void {
    // Nodes are appended while the list is worked off.
    for (let n = 0; n < this.#round.length; n++) {
      if (n % PATIENCE === 0) {
        this.#stopped = this.#watch.exceeded(this.#store.count, this.#bytes) ?? this.#lack
        if (this.#stopped !== null) return
      }
      this.#expand(this.#round[n])
    }
    this.#round = []
  }

  /** Why the next nodes may not find room whatever memory there is, or null. */
  get #lack(): StopReason | null {
    const { threads } = this.#system
    const { mostArrayBytes = MOST_ARRAY_BYTES } = this.#options
    const states = this.#store.count + PATIENCE * this.#compiled.mostEnabled
    if (states > this.#visited.mostStates) return { kind: 'table-full', table: 'visited states' }
    // A node adds one for each of its steps, or one for each other thread.
    const turns = PATIENCE * Math.max(this.#compiled.mostEnabled, threads.length)
    return this.#turns.fits(states, turns, mostArrayBytes) ? null : { kind: 'table-full', table: 'turns' }
  }

  get #bytes(): number {
    return this.#store.bytes + this.#visited.bytes + this.#turns.bytes
  }

  #expand(node: number): void {
    const state = this.#turns.state(node)
    const thread = this.#turns.thread(node)
    if (this.#watch.tooDeep(this.#turns.depth(node))) {
      this.#cut = true
      return
    }
    const successors = this.#successors
    const chunk = this.#store.chunks[state >>> chunkBits]
    const base = (state & chunkMask) * this.#store.words
    if (successors.findOf(thread, chunk, base) === 0) {
      this.#passTurn(node, chunk, base)
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
      this.#monitor.step(successors, k, () => this.#traceTo(state, step))
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
      this.#give(next, thread, node, step)
      if (found < 0) this.#monitor.state(words, 0, () => this.#traceTo(next, null))
    }
  }

  /** The running thread is blocked or done: any other may go on, at no cost. */
  #passTurn(node: number, chunk: Int32Array, base: number): void {
    const state = this.#turns.state(node)
    if (this.#successors.find(chunk, base) === 0) {
      if (this.#turns.firstIn(state) === node)
        this.#monitor.terminal(chunk, base, () => this.#traceTo(state, null))
      return
    }
    this.#giveToOthers(node)
  }

  #giveToOthers(node: number): void {
    const state = this.#turns.state(node)
    for (let thread = 0; thread < this.#system.threads.length; thread++)
      if (thread !== this.#turns.thread(node)) this.#give(state, thread, node, -1)
  }

  /** A thread has the turn in a state; new nodes are to be expanded in this round. */
  #give(state: number, thread: number, parent: number, step: number): void {
    const node = this.#turns.add(state, thread, parent, step)
    if (node >= 0) this.#round.push(node)
  }

  #traceTo(state: number, last: number | null): Trace {
    const { root, steps } = this.#turns.pathTo(this.#turns.firstIn(state))
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
        // The round that found nothing new had one preemption more than was needed.
        upTo: done < 0 ? null : exhausted ? done - 1 : done,
        exhausted,
        cutAfter: this.#cut ? maxDepth : null,
        stopped: this.#stopped,
      },
      states,
      transitions: this.#transitions,
      depth: this.#turns.greatestDepth,
      deadlocks: this.#monitor.deadlocks,
      seconds: this.#watch.seconds,
      bytesPerState: this.#bytes / states,
      collisionProbability: 0,
      collisionMeasured: 0,
      steps: countsByName(this.#system, this.#compiled.steps, this.#compiled.fired()),
      properties: this.#monitor.results(states),
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
