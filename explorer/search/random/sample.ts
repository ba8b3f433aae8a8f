import type { Property } from '../../../model/language/property.ts'
import type { System } from '../../../model/language/system.ts'
import type { Trace } from '../../../model/language/trace.ts'
import type { CompiledSystem } from '../../compile/compiled-system.ts'
import { RECORD } from '../../compile/transition-record.ts'
import { NOTHING_REDUCED } from '../../reduce/reduction.ts'
import { type Sampler, samplerFor } from '../composition.ts'
import { FailedSearch, isFinal } from '../failed-search.ts'
import { LimitWatch } from '../limit-watch.ts'
import type { SearchResult } from '../result.ts'
import type { SamplingOptions } from '../search-options.ts'
import { countsByName, namedSteps } from '../step-names.ts'
import type { SampleBound, SampledOnly, StopReason } from '../stop-reason.ts'
import type { Successors } from '../successors.ts'
import { Draws } from './draws.ts'
import { decidableIn, partialResults } from './partial-results.ts'
import { SeenStates } from './seen-states.ts'

/** How to sample. `maxDepth` bounds the steps of each walk (default 1000). */
export interface SampleOptions extends SamplingOptions {
  /** Equal seeds give equal walks. Default 1. */
  readonly seed?: number
  /** Default 1000, or as many as fit when there is a time limit. */
  readonly walks?: number
}

/** Chooses the step to take. */
export interface Scheduler {
  /** Starts a new walk. */
  begin(draws: Draws): void
  /** Index of the enabled step to take; there is at least one. */
  choose(enabled: Successors, draws: Draws): number
  /** Called when the walk is back in a state that it has been in: the steps since then have come to nothing. */
  circled?(): void
}

/** A kind of walk. */
export interface WalkKind {
  readonly method: SampledOnly['method']
  readonly scheduler: (compiled: CompiledSystem, maxDepth: number) => Scheduler
  /** The guarantee of one walk; null if there is none. */
  readonly bound: SampleBound | null
}

const DEFAULT_DEPTH = 1000
const DEFAULT_WALKS = 1000
/** Steps between two checks of the limits. */
const INTERVAL = 4096
const RECORDED = -1
/** Stands for the number of the state that the walk is in. */
const HERE = 0

/** Makes random walks and evaluates the properties on them. @throws FailedSearch when model code fails. */
export function sample(
  system: System,
  properties: readonly Property<never>[],
  options: SampleOptions,
  kind: WalkKind,
): SearchResult {
  return new Sample(system, properties, options, kind).run()
}

class Sample {
  readonly #system: System
  readonly #kind: WalkKind
  readonly #seed: number
  readonly #maxDepth: number
  readonly #maxWalks: number
  readonly #properties: readonly Property<never>[]
  /** Ids of the properties for which the search continues. */
  readonly #sought: readonly string[]
  readonly #sampler: Sampler<Trace>
  readonly #compiled: CompiledSystem
  readonly #scheduler: Scheduler
  readonly #seen = new SeenStates()
  readonly #watch: LimitWatch
  readonly #mostArrayBytes: number | undefined
  readonly #onState: SampleOptions['onState']
  /** The walk so far: initial state and step numbers. */
  #initial = 0
  readonly #path: number[] = []
  #walks = 0
  /** Number of walks when the last new state was seen. */
  #lastNew = 0
  #transitions = 0
  #depth = 0
  #stopped: StopReason | null = null
  /** The step whose code runs, or RECORDED for the one recorded last; null while a state predicate runs. */
  #running: number | null = null

  constructor(
    system: System,
    properties: readonly Property<never>[],
    options: SampleOptions,
    kind: WalkKind,
  ) {
    this.#system = system
    this.#kind = kind
    this.#seed = options.seed ?? 1
    this.#maxDepth = options.maxDepth ?? DEFAULT_DEPTH
    this.#maxWalks =
      options.walks ?? (options.timeLimit === undefined ? DEFAULT_WALKS : Number.POSITIVE_INFINITY)
    this.#properties = properties
    this.#sought = decidableIn(properties, options.wanted)
    // States have no numbers: a trace is that of the present walk.
    this.#sampler = samplerFor(system, properties, options, (_, step) => this.#trace(step))
    this.#compiled = this.#sampler.compiled
    this.#scheduler = kind.scheduler(this.#compiled, this.#maxDepth)
    this.#watch = new LimitWatch(options)
    this.#mostArrayBytes = options.mostArrayBytes
    this.#onState = options.onState
  }

  run(): SearchResult {
    while (this.#walks < this.#maxWalks && !this.#isSettled) {
      this.#stopped = this.#mustStop()
      if (this.#stopped !== null) break
      try {
        this.#walk(new Draws(this.#seed, this.#walks))
      } catch (error) {
        if (!isFinal(error)) throw error
        this.#stopped = { kind: 'model-error', message: error.message }
        const last = this.#running === RECORDED ? this.#compiled.lastRecorded : this.#running
        throw new FailedSearch(error.message, this.#trace(last), this.#result())
      }
      this.#walks++
    }
    try {
      this.#compiled.recheck(this.#seed)
      this.#sampler.predicates.recheck(this.#seed)
    } catch (error) {
      if (!isFinal(error)) throw error
      this.#stopped = { kind: 'model-error', message: error.message }
      throw new FailedSearch(error.message, null, this.#result())
    }
    return this.#result()
  }

  get #isSettled(): boolean {
    return this.#sought.length > 0 && this.#sampler.monitor.hasFound(this.#sought)
  }

  #mustStop(): StopReason | null {
    const seen = this.#seen
    const hasRoom = seen.fits(INTERVAL, this.#mostArrayBytes)
    return (
      this.#watch.exceeded(seen.count, seen.bytes) ??
      (hasRoom ? null : { kind: 'table-full', table: 'visited states' })
    )
  }

  #walk(draws: Draws): void {
    const { layout, initial } = this.#system
    const { hash } = this.#compiled
    const { words, successors, monitor } = this.#sampler
    this.#path.length = 0
    this.#initial = draws.below(initial.length)
    const encoded = initial[this.#initial]
    layout.pack(encoded, words, 0)
    let low = hash.hashLow(encoded)
    let high = hash.hashHigh(encoded)
    this.#scheduler.begin(draws)
    // Two states with one number would only make the walk turn elsewhere.
    const onWalk = this.#scheduler.circled === undefined ? null : new Set<number>()
    for (;;) {
      const fresh = this.#seen.add(low, high)
      if (fresh) {
        this.#lastNew = this.#walks + 1
        this.#onState?.(words)
      }
      if (onWalk !== null) {
        const number = low * 0x100000 + (high & 0xfffff)
        if (onWalk.has(number)) this.#scheduler.circled?.()
        onWalk.add(number)
      }
      this.#running = null
      if (fresh) monitor.state(HERE, words, 0)
      if (this.#path.length === this.#maxDepth) return
      this.#running = RECORDED
      if (successors.find(words, 0) === 0) {
        if (fresh) monitor.terminal(HERE, words, 0)
        return
      }
      // Action properties are evaluated on every enabled step, not only on the one that is taken.
      for (let k = 0; k < successors.count; k++) {
        this.#running = successors.steps[k]
        monitor.transition(HERE, this.#compiled, successors.records[k])
      }
      const chosen = this.#scheduler.choose(successors, draws)
      const record = successors.records[chosen]
      const { records } = this.#compiled
      records[record + RECORD.fired]++
      this.#transitions++
      if (successors.faults(chosen)) return
      low ^= records[record + RECORD.hashLow]
      high ^= records[record + RECORD.hashHigh]
      successors.apply(chosen, words, 0)
      this.#path.push(successors.steps[chosen])
      if (this.#path.length > this.#depth) this.#depth = this.#path.length
      if (this.#transitions % INTERVAL === 0) {
        this.#stopped = this.#mustStop()
        if (this.#stopped !== null) return
      }
    }
  }

  #trace(last: number | null): Trace {
    const steps = last === null ? this.#path : [...this.#path, last]
    return { initial: this.#initial, steps: namedSteps(this.#system, this.#compiled.steps, steps) }
  }

  #result(): SearchResult {
    const { method, bound } = this.#kind
    const states = this.#seen.count
    const collision = Math.min(1, (states * states) / 2 ** 65)
    const sampled = {
      walks: this.#walks,
      withoutNew: Math.max(0, this.#walks - this.#lastNew),
      maxDepth: this.#maxDepth,
      seed: this.#seed,
    }
    return {
      complete: false,
      incompleteReason: { kind: 'sampled', method, ...sampled, states, bound, stopped: this.#stopped },
      states,
      transitions: this.#transitions,
      depth: this.#depth,
      deadlocks: this.#sampler.monitor.deadlocks,
      seconds: this.#watch.seconds,
      bytesPerState: states === 0 ? 0 : this.#seen.bytes / states,
      collisionProbability: collision,
      collisionMeasured: collision,
      steps: countsByName(this.#system, this.#compiled.steps, this.#compiled.fired()),
      properties: partialResults(this.#sampler, this.#properties, states),
      reduction: NOTHING_REDUCED,
      workers: 1,
      modelError: null,
      coverage: {
        method,
        walks: this.#walks,
        seed: this.#seed,
        preemptions: null,
        chance: bound === null ? null : 1 / (bound.threads * this.#maxDepth ** (bound.bugDepth - 1)),
      },
    }
  }
}
