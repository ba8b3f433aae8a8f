import { ModelError } from '../../model/language/errors.ts'
import type { Property } from '../../model/language/property.ts'
import type { System } from '../../model/language/system.ts'
import type { Trace } from '../../model/language/trace.ts'
import { checkpointingFor } from '../checkpoint/checkpointing.ts'
import { damaged } from '../checkpoint/manifest.ts'
import type { SearchCheckpoint } from '../checkpoint/search-checkpoint.ts'
import { canBeTaken } from '../checkpoint/trace-check.ts'
import { RECORD } from '../compile/transition-record.ts'
import type { Reductions } from '../reduce/reduction.ts'
import { predictedCollision } from '../state/collisions.ts'
import { SIZES } from '../state/sizes.ts'
import { VectorStore } from '../state/vector-store.ts'
import { type Engine, engineFor } from './composition.ts'
import type { ExpansionSink } from './expander.ts'
import { FailedSearch, isFinal } from './failed-search.ts'
import type { LimitWatch } from './limit-watch.ts'
import { MemoryUse } from './memory-use.ts'
import { ParentTable } from './parent-table.ts'
import type { DecidedAt, FinishedSearch } from './property-monitor.ts'
import type { SearchResult } from './result.ts'
import type { Progress, SearchOptions } from './search-options.ts'
import { countsByName, namedSteps } from './step-names.ts'
import { behindOops, type StopReason } from './stop-reason.ts'

const { chunkBits, chunkMask } = VectorStore

/** States expanded in one call: short enough that V8 can switch to optimised code between two calls. */
const SLICE = SIZES.slice

/** Milliseconds between two reports of progress. */
const PROGRESS_INTERVAL = 100

/** One breadth-first search with one set of reductions. An object runs once. */
export class BreadthFirstSearch implements ExpansionSink {
  readonly #system: System
  readonly #options: SearchOptions
  readonly #reductions: Reductions
  readonly #engine: Engine
  readonly #watch: LimitWatch
  readonly #memory: MemoryUse
  readonly #records: Pick<FinishedSearch, 'eachActionRecord'>
  readonly #bytesNow = (): number => this.#memory.bytes
  readonly #initialOf: number[] = []
  #parents = new ParentTable(0)
  #head = 0
  #levelEnd = 0
  /** How often each step had been taken when the search was interrupted. */
  #firedBefore: readonly number[] = []
  #depth = 0
  #reported = 0
  #stopped: StopReason | null = null
  /** Directory of the checkpoint that the search was resumed from. */
  #resumedFrom: string | null = null
  /** True while state predicates run: if model code fails then, it is that of a property. */
  #isEvaluating = false
  /** The step taken when model code failed, if it is not the one recorded last. */
  #failedIn: DecidedAt | null = null
  /** The first state beyond the depth limit, once it is known: such states are neither evaluated nor counted. */
  #beyond: number | null = null

  /** @param watch of the limits, shared with the earlier searches of the same call. */
  constructor(
    system: System,
    properties: readonly Property<never>[],
    options: SearchOptions,
    watch: LimitWatch,
    reductions: Reductions,
  ) {
    this.#system = system
    this.#options = options
    this.#reductions = reductions
    const checkpointing = checkpointingFor(system, options)
    this.#engine = engineFor(system, properties, options, reductions, checkpointing)
    this.#watch = watch
    this.#memory = new MemoryUse(this.#engine, () => this.#parents, SLICE, options.mostArrayBytes)
    const { compiled } = this.#engine
    this.#records = {
      eachActionRecord: (visit) => compiled.eachRecord((record) => visit(compiled.records, record)),
    }
  }

  /**
   * @param resume directory of the checkpoint to resume from.
   * @throws FailedSearch, with what was found before, when model code fails.
   */
  run(resume: string | undefined): SearchResult {
    try {
      this.#search(resume, this.#options.untilViolated === true ? this.#isViolated : () => false)
      const { seed = 1 } = this.#options
      this.#engine.compiled.recheck(seed)
      this.#isEvaluating = true
      this.#engine.predicates.recheck(seed)
      this.#isEvaluating = false
    } catch (error) {
      if (!isFinal(error)) throw error
      this.#engine.store.close()
      this.#stopped = { kind: 'model-error', message: error.message }
      const result = this.#result()
      throw new FailedSearch(error.message, this.#traceToFailure(), result, { cause: error })
    }
    return this.#result()
  }

  readonly #isViolated = (): boolean => {
    if (!this.#engine.monitor.isViolated) return false
    this.#stopped ??= { kind: 'violated' }
    return true
  }

  /** Searches until everything sought is found; see `tracesTo` in breadth-first.ts. */
  tracesTo(sought: readonly string[]): { traces: [string, Trace][]; stopped: StopReason | null } {
    const { monitor } = this.#engine
    this.#search(undefined, () => monitor.hasFound(sought))
    const traces = Array.from(monitor.findings, ([id, place]): [string, Trace] => [id, this.#traceTo(place)])
    return { traces, stopped: this.#stopped }
  }

  #search(resume: string | undefined, isDone: () => boolean): void {
    if (resume === undefined) this.#enterInitialStates()
    else this.#resumeFrom(resume)
    while (this.#stopped === null && !isDone()) {
      if (this.#head === this.#levelEnd) {
        if (this.#beyond !== null || this.#engine.store.count === this.#levelEnd) break
        this.#depth++
        this.#levelEnd = this.#engine.store.count
      }
      // States at the depth limit are still expanded: if none has a new successor, the search is complete.
      if (this.#beyond === null && this.#watch.tooDeep(this.#depth)) {
        this.#save()
        this.#beyond = this.#levelEnd
      }
      const end = Math.min(this.#levelEnd, this.#head + SLICE)
      this.#engine.store.load(this.#head, end)
      this.#head = this.#engine.expander.expand(this.#head, end, this)
      this.#lookUp()
      this.#stopped = this.#mustStop()
      if (this.#watch.tight) this.#engine.store.spill(this.#head)
      if (this.#engine.checkpoint?.due === true) this.#save()
    }
    if (this.#beyond !== null && this.#engine.store.count > this.#beyond)
      this.#stopped ??= { kind: 'max-depth', depth: this.#depth }
    // If the last state was just expanded, the search is complete even if a limit was reached.
    else if (this.#head === this.#engine.store.count) this.#stopped = null
    this.#save()
    this.#engine.store.close()
  }

  #mustStop(): StopReason | null {
    const { count } = this.#engine.store
    const growth = this.#memory.growthFrom(this.#head)
    return this.#watch.exceeded(count, this.#bytesNow, growth) ?? this.#memory.lackFrom(this.#head)
  }

  /** Writes a checkpoint, unless the store holds states beyond the depth limit. */
  #save(): void {
    if (this.#engine.checkpoint === null || this.#states < this.#engine.store.count) return
    this.#engine.expander.lists.settle()
    const position = {
      head: this.#head,
      transitions: this.#engine.expander.transitions,
      seconds: this.#watch.own,
      fired: this.#fired(),
      antecedents: this.#engine.monitor.antecedents(this.#records),
    }
    this.#engine.checkpoint.save(position, this.#parents, this.#initialOf)
  }

  #resumeFrom(directory: string): void {
    this.#resumedFrom = directory
    const position = (this.#engine.checkpoint as SearchCheckpoint).resume(directory, (initialOf) => {
      this.#initialOf.push(...initialOf)
      this.#parents = new ParentTable(initialOf.length)
      return this.#parents
    })
    this.#head = position.head
    this.#levelEnd = position.levelEnd
    this.#depth = position.depth
    this.#engine.expander.transitions = position.transitions
    this.#firedBefore = position.fired
    this.#watch.resumeFrom(position.seconds)
    // A limit that had ended the search ends it again at the same place, unless it was raised.
    if (this.#head < this.#engine.store.count) this.#stopped = this.#mustStop()
  }

  /** How often each step was taken. */
  #fired(): number[] {
    return Array.from(this.#engine.compiled.fired(), (count, s) => count + (this.#firedBefore[s] ?? 0))
  }

  #enterInitialStates(): void {
    const { layout, initial } = this.#system
    const words = new Int32Array(layout.words)
    initial.forEach((encoded, index) => {
      layout.pack(encoded, words, 0)
      const { hash } = this.#engine.compiled
      const id = this.#engine.visited.insertState(words, 0, hash.hashLow(encoded), hash.hashHigh(encoded))
      if (id >= 0) return
      this.#initialOf.push(index)
      this.#isEvaluating = true
      this.#engine.store.tags[0][~id] = this.#engine.monitor.state(~id, words, 0)
      this.#isEvaluating = false
    })
    this.#parents = new ParentTable(this.#initialOf.length)
    this.#levelEnd = this.#engine.store.count
  }

  flush(head: number): boolean {
    this.#head = head
    this.#lookUp()
    return true
  }

  special(state: number, record: number): void {
    const { compiled, monitor } = this.#engine
    try {
      monitor.transition(state, compiled, record)
    } catch (error) {
      this.#failedIn = { state, step: compiled.records[record + RECORD.step] }
      throw error
    }
  }

  terminal(state: number, words: Int32Array, base: number): void {
    this.#engine.monitor.terminal(state, words, base)
  }

  /** Looks up the collected successors and evaluates the properties on the new ones. */
  #lookUp(): void {
    const { batch } = this.#engine.expander
    const store = this.#engine.store
    const { records } = this.#engine.compiled
    const { count, found, source } = batch
    this.#engine.visited.insert(batch, records)
    if (this.#engine.stateGraph !== null) {
      for (let k = 0; k < count; k++)
        this.#engine.stateGraph.add(source[k], found[k] < 0 ? ~found[k] : found[k])
    }
    if (this.#beyond === null) {
      batch.compact()
      this.#isEvaluating = true
      this.#evaluateNew()
      this.#isEvaluating = false
      this.#engine.successorCache?.fill(batch, this.#engine.visited.rewritten)
    }
    batch.count = 0
    store.expandedUpTo(this.#head)
    this.#report()
  }

  #evaluateNew(): void {
    const { fresh, freshCount, found, source, record } = this.#engine.expander.batch
    const { chunks, tags, words } = this.#engine.store
    const { records } = this.#engine.compiled
    const monitor = this.#engine.monitor
    const parents = this.#parents
    const { rewritten } = this.#engine.visited
    for (let n = 0; n < freshCount; n++) {
      const k = fresh[n]
      const id = ~found[k]
      const parent = source[k]
      parents.add(id, parent, records[record[k] + RECORD.step])
      const chunk = id >>> chunkBits
      const slot = id & chunkMask
      // A state stored in the place of another may differ from the parent in fields the transition did not write.
      tags[chunk][slot] =
        rewritten?.[k] === 1
          ? monitor.state(id, chunks[chunk], slot * words)
          : monitor.successor(
              id,
              tags[parent >>> chunkBits][parent & chunkMask],
              record[k],
              chunks[chunk],
              slot * words,
            )
    }
  }

  #report(): void {
    const { onProgress } = this.#options
    if (onProgress === undefined) return
    const now = performance.now()
    if (now - this.#reported < PROGRESS_INTERVAL) return
    this.#reported = now
    onProgress(this.#progress())
  }

  /** Distinct states within the depth limit. */
  get #states(): number {
    return this.#beyond ?? this.#engine.store.count
  }

  #progress(): Progress {
    return {
      states: this.#engine.store.count,
      transitions: this.#engine.expander.transitions,
      frontier: this.#engine.store.count - this.#head,
      depth: this.#depth,
      seconds: this.#watch.seconds,
      bytes: this.#memory.bytes,
    }
  }

  #traceTo({ state, step }: DecidedAt): Trace {
    const { compiled } = this.#engine
    const from = this.#resumedFrom
    try {
      const { initial, steps } = this.#stepsTo(state, step)
      if (from === null || canBeTaken(compiled, this.#system.initial[initial], steps))
        return { initial, steps: namedSteps(this.#system, compiled.steps, steps) }
    } catch (error) {
      if (from === null || error instanceof ModelError) throw error
    }
    throw damaged(from, `its steps do not lead to state ${state}`)
  }

  #stepsTo(state: number, lastStep: number | null): { initial: number; steps: readonly number[] } {
    const { root, steps, states } = this.#parents.pathTo(state, this.#parents.count)
    const initial = this.#initialOf[root]
    const { symmetry, partialOrder } = this.#reductions
    const path = partialOrder?.unfold(this.#system.initial[initial], steps, states) ?? steps
    const found = lastStep === null ? path : [...path, lastStep]
    const all = symmetry === null ? found : symmetry.trueSteps(this.#system.initial[initial], found)
    return { initial, steps: all }
  }

  /** The steps to where model code just failed; null if they are not known. */
  #traceToFailure(): Trace | null {
    const { symmetry, partialOrder } = this.#reductions
    // A reduced search runs model code on states that it does not store.
    if (symmetry !== null || partialOrder !== null) return null
    if (this.#failedIn !== null) return this.#traceTo(this.#failedIn)
    const { compiled, predicates, store } = this.#engine
    const encoded = this.#isEvaluating ? predicates.recorder.base : compiled.lastState
    const words = new Int32Array(this.#system.layout.words)
    this.#system.layout.pack(encoded, words, 0)
    const state = store.indexOf(words)
    if (this.#parents.count === 0) this.#parents = new ParentTable(this.#initialOf.length)
    // A rechecked recording may be of a state that is no longer stored.
    if (state < 0) return null
    return this.#traceTo({ state, step: this.#isEvaluating ? null : compiled.lastRecorded })
  }

  #result(): SearchResult {
    const fault = this.#engine.monitor.unaskedFault
    if (fault !== null) this.#stopped ??= behindOops(fault)
    const complete = this.#stopped === null
    const states = this.#states
    const { bits, collisionMeasured } = this.#engine.table
    const seconds = this.#watch.seconds
    this.#engine.expander.lists.settle()
    const steps = countsByName(this.#system, this.#engine.compiled.steps, this.#fired())
    const properties = this.#engine.monitor.results({
      complete,
      states,
      stateGraph: this.#engine.stateGraph,
      ...this.#records,
      traceTo: (place) => this.#traceTo(place),
    })
    return {
      complete,
      incompleteReason: this.#stopped,
      states,
      transitions: this.#engine.expander.transitions,
      depth: this.#depth,
      deadlocks: this.#engine.monitor.deadlocks,
      seconds,
      bytesPerState: this.#memory.bytes / states,
      collisionProbability: bits === undefined ? 0 : predictedCollision(states, bits),
      collisionMeasured: collisionMeasured ?? null,
      steps,
      properties,
      reduction: this.#reductions.report(states),
      coverage: null,
      workers: 1,
      modelError: null,
    }
  }
}
