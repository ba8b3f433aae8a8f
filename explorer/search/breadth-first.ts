import type { Property } from '../../model/language/property.ts'
import type { System } from '../../model/language/system.ts'
import { CheckpointError } from '../checkpoint/errors.ts'
import { RecordingLog } from '../checkpoint/recording-log.ts'
import { type CheckpointOptions, SearchCheckpoint } from '../checkpoint/search-checkpoint.ts'
import { CompiledSystem, type CompileOptions, type Recording } from '../compile/compiled-system.ts'
import { Predicates } from '../compile/predicates.ts'
import { LEAF } from '../compile/record-format.ts'
import type { PartialOrderExpander } from '../reduce/partial-order-expander.ts'
import { type Reduce, type Reductions, withReductions } from '../reduce/reduction.ts'
import type { VisitedSet } from '../state/batch.ts'
import { predictedCollision } from '../state/collisions.ts'
import { VectorStore } from '../state/vector-store.ts'
import { type StorageOptions, visitedSetOf } from '../state/visited-set.ts'
import { AnswerClasses } from './answer-classes.ts'
import { Edges } from './edges.ts'
import { Expander, type ExpansionSink } from './expander.ts'
import { Genealogy } from './genealogy.ts'
import { type Evidence, Judge } from './judge.ts'
import { type Limits, LimitWatch } from './limits.ts'
import { withLiveness } from './liveness/with-liveness.ts'
import type { SearchResult, Trace } from './result.ts'

/** How to search. */
export interface SearchOptions extends Limits, StorageOptions {
  /** What may be left out where that is sound. Default `none`. */
  readonly reduce?: Reduce
  /** Where to leave checkpoints, from which a search can go on later: now and then, and when it is stopped. */
  readonly checkpoint?: CheckpointOptions
  /** Directory of the checkpoint to go on from. The model, the properties and the storage must be the same. */
  readonly resume?: string
  /** Told of every behaviour when it is computed. */
  readonly onRecord?: (recording: Recording) => void
  /** Told some times a second how far the search is. */
  readonly onProgress?: (progress: Progress) => void
}

export interface Progress {
  readonly states: number
  readonly transitions: number
  readonly frontier: number
  readonly depth: number
  readonly seconds: number
  readonly bytes: number
}

/**
 * Visits every reachable state in order of distance from the initial states and judges the properties.
 * Violations are reported with shortest traces. The same system and properties give the same result,
 * numbers and traces in every run.
 * @throws ModelError when the model is wrong.
 */
export function breadthFirst<W>(
  system: System<W>,
  properties: readonly Property<W>[],
  options: SearchOptions = {},
): SearchResult<W> {
  const subject = { system, properties, questions: Judge.questions(properties) }
  const found = withReductions(subject, options.reduce ?? 'none', (reductions) =>
    new BreadthFirst(system, properties, options, reductions).run(),
  )
  return withLiveness(system, properties, options, found)
}

const { chunkBits, chunkMask } = VectorStore

/** States expanded in one call, so that the engine can put better code in place between two calls. */
const SLICE = 2048

/** Milliseconds between two reports of progress. */
const PROGRESS_INTERVAL = 100

class BreadthFirst<W> implements ExpansionSink {
  readonly #system: System<W>
  readonly #properties: readonly Property<W>[]
  readonly #options: SearchOptions
  readonly #compiled: CompiledSystem
  readonly #store: VectorStore
  readonly #visited: VisitedSet
  /** What keeps the states or their fingerprints: the visited set, or what is inside it. */
  readonly #fingerprints: VisitedSet
  readonly #expander: Expander | PartialOrderExpander
  readonly #judge: Judge<W>
  readonly #classes: AnswerClasses
  readonly #edges: Edges | null
  readonly #watch: LimitWatch
  readonly #reductions: Reductions
  readonly #initialOf: number[] = []
  /** Most states that one slice can add. */
  readonly #most: number
  readonly #checkpoint: SearchCheckpoint<W> | null
  readonly #leaves: Pick<Evidence, 'eachActionLeaf'>
  readonly #bytesNow = (): number => this.#bytes
  #genealogy = new Genealogy(0)
  #head = 0
  #levelEnd = 0
  /** Counts of steps that an interrupted search made before this one went on. */
  #firedBefore: readonly number[] = []
  #depth = 0
  #reported = 0
  #stopped: string | null = null
  /** Set when the states from this number on lie beyond the depth limit: they are neither judged nor counted. */
  #beyond: number | null = null

  constructor(
    system: System<W>,
    properties: readonly Property<W>[],
    options: SearchOptions,
    reductions: Reductions,
  ) {
    const { symmetry, partialOrder } = reductions
    const log =
      options.checkpoint === undefined && options.resume === undefined
        ? null
        : new RecordingLog(system as System)
    this.#system = system
    this.#properties = properties
    this.#options = options
    this.#reductions = reductions
    const actions = properties.filter((p) => p.kind === 'action')
    this.#compiled = new CompiledSystem(system as System, {
      actions: actions as never,
      seed: options.seed ?? 1,
      ...observers(options.onRecord, partialOrder?.observe, log?.onRecord),
      ...(symmetry === null ? {} : { widen: symmetry.widenStep }),
    })
    const exact = (options.storage ?? 'exact') === 'exact'
    this.#store = new VectorStore(system.layout.words, exact)
    const visited = visitedSetOf(this.#store, options)
    this.#fingerprints = visited
    this.#visited = symmetry?.visitedSet(visited, this.#store, this.#compiled.hash) ?? visited
    const questions = Judge.questions(properties)
    const predicates = new Predicates(system as System, questions, symmetry?.widenQuestion)
    this.#expander =
      partialOrder?.expander(this.#compiled, this.#store, predicates) ??
      new Expander(this.#compiled, this.#store)
    this.#classes = new AnswerClasses(predicates, this.#compiled)
    this.#judge = new Judge(system, properties, predicates, this.#classes)
    this.#edges = exact && properties.some((p) => p.kind === 'progress') ? new Edges() : null
    this.#watch = new LimitWatch(options)
    this.#leaves = {
      eachActionLeaf: (visit) => this.#compiled.eachLeaf((leaf) => visit(this.#compiled.leaves, leaf)),
    }
    this.#most = SLICE * this.#compiled.steps.length
    this.#checkpoint = log === null ? null : this.#checkpointer(predicates, log)
  }

  #checkpointer(predicates: Predicates, log: RecordingLog): SearchCheckpoint<W> {
    const { symmetry, partialOrder } = this.#reductions
    if (symmetry !== null || partialOrder !== null || this.#edges !== null)
      throw new CheckpointError(
        'a search with reductions, or for a progress property, cannot be continued from a checkpoint; use --reduce none',
      )
    const parts = {
      system: this.#system,
      properties: this.#properties,
      manner: {
        storage: this.#options.storage ?? 'exact',
        bits: this.#visited.bits ?? 0,
        seed: this.#options.seed ?? 1,
      },
      compiled: this.#compiled,
      predicates,
      store: this.#store,
      visited: this.#visited,
      judge: this.#judge,
    }
    return new SearchCheckpoint(parts, this.#options.checkpoint, log)
  }

  run(): SearchResult<W> {
    const { resume } = this.#options
    if (resume === undefined) this.#enterInitialStates()
    else this.#goOnFrom(resume)
    while (this.#stopped === null) {
      if (this.#head === this.#levelEnd) {
        if (this.#beyond !== null || this.#store.count === this.#levelEnd) break
        this.#depth++
        this.#levelEnd = this.#store.count
      }
      // Steps from the deepest states are taken all the same: if none leads to a new state, all were seen.
      if (this.#beyond === null && this.#watch.tooDeep(this.#depth)) {
        this.#save()
        this.#beyond = this.#levelEnd
      }
      const end = Math.min(this.#levelEnd, this.#head + SLICE)
      this.#store.load(this.#head, end)
      this.#head = this.#expander.expand(this.#head, end, this)
      this.#lookUp()
      this.#stopped = this.#watch.exceeded(
        this.#store.count,
        this.#bytesNow,
        this.#visited.growthFor?.(this.#most),
      )
      if (this.#watch.tight) this.#store.spill(this.#head)
      if (this.#checkpoint?.due === true) this.#save()
    }
    if (this.#beyond !== null && this.#store.count > this.#beyond)
      this.#stopped ??= `depth ${this.#depth} reached (--max-depth)`
    // A search whose last state was just expanded is finished, whatever the limits say.
    else if (this.#head === this.#store.count) this.#stopped = null
    if (this.#stopped !== null) this.#save()
    this.#store.close()
    return this.#result()
  }

  /** Leaves a checkpoint, unless some of the states found are not counted. */
  #save(): void {
    if (this.#beyond !== null) return
    this.#expander.lists.settle()
    const position = {
      head: this.#head,
      levelEnd: this.#levelEnd,
      depth: this.#depth,
      transitions: this.#expander.transitions,
      seconds: this.#watch.seconds,
      fired: this.#fired(),
      antecedents: this.#judge.antecedents(this.#leaves),
    }
    this.#checkpoint?.save(position, this.#genealogy, this.#initialOf)
  }

  #goOnFrom(directory: string): void {
    const position = (this.#checkpoint as SearchCheckpoint<W>).resume(directory, (initialOf) => {
      this.#initialOf.push(...initialOf)
      this.#genealogy = new Genealogy(initialOf.length)
      return this.#genealogy
    })
    this.#head = position.head
    this.#levelEnd = position.levelEnd
    this.#depth = position.depth
    this.#expander.transitions = position.transitions
    this.#firedBefore = position.fired
    this.#watch.goOnFrom(position.seconds)
  }

  /** How often each step was taken. */
  #fired(): number[] {
    return Array.from(this.#compiled.fired(), (count, s) => count + (this.#firedBefore[s] ?? 0))
  }

  #enterInitialStates(): void {
    const { layout, initial } = this.#system
    const words = new Int32Array(layout.words)
    initial.forEach((codes, index) => {
      layout.pack(codes, words, 0)
      const { hash } = this.#compiled
      const id = this.#visited.insertState(words, 0, hash.hashLow(codes), hash.hashHigh(codes))
      if (id >= 0) return
      this.#initialOf.push(index)
      this.#store.tags[0][~id] = this.#judge.state(~id, words, 0)
    })
    this.#genealogy = new Genealogy(this.#initialOf.length)
    this.#levelEnd = this.#store.count
  }

  flush(head: number): boolean {
    this.#head = head
    this.#lookUp()
    return true
  }

  special(state: number, leaf: number): void {
    const { leaves, faults } = this.#compiled
    const fault = leaves[leaf + LEAF.fault]
    this.#judge.step(
      state,
      leaves[leaf + LEAF.step],
      leaves[leaf + LEAF.violated],
      fault === 0 ? null : faults[fault - 1].property,
    )
  }

  stuck(state: number, words: Int32Array, base: number): void {
    this.#judge.stuck(state, words, base)
  }

  /** Looks up the collected successors and judges the new ones. */
  #lookUp(): void {
    const { batch } = this.#expander
    const store = this.#store
    const { leaves } = this.#compiled
    const { count, found, source } = batch
    this.#visited.insert(batch, leaves)
    if (this.#edges !== null) {
      for (let k = 0; k < count; k++) this.#edges.add(source[k], found[k] < 0 ? ~found[k] : found[k])
    }
    if (this.#beyond === null) this.#judgeNew()
    batch.count = 0
    store.expandedUpTo(this.#head)
    this.#report()
  }

  #judgeNew(): void {
    const { count, found, source, leaf } = this.#expander.batch
    const { chunks, tags, words } = this.#store
    const { leaves } = this.#compiled
    const judge = this.#judge
    const genealogy = this.#genealogy
    const rewrites = this.#visited.rewrites === true
    for (let k = 0; k < count; k++) {
      if (found[k] >= 0) continue
      const id = ~found[k]
      const parent = source[k]
      genealogy.add(id, parent, leaves[leaf[k] + LEAF.step])
      const chunk = id >>> chunkBits
      const slot = id & chunkMask
      tags[chunk][slot] = rewrites
        ? judge.state(id, chunks[chunk], slot * words)
        : judge.successor(
            id,
            tags[parent >>> chunkBits][parent & chunkMask],
            leaf[k],
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

  get #bytes(): number {
    const records = this.#expander.lists.bytes + this.#classes.bytes
    const graph = this.#genealogy.bytes + (this.#edges?.bytes ?? 0)
    return this.#store.bytes + this.#visited.bytes + graph + records
  }

  /** Distinct states that count. */
  get #states(): number {
    return this.#beyond ?? this.#store.count
  }

  #progress(): Progress {
    return {
      states: this.#store.count,
      transitions: this.#expander.transitions,
      frontier: this.#store.count - this.#head,
      depth: this.#depth,
      seconds: this.#watch.seconds,
      bytes: this.#bytes,
    }
  }

  #traceTo(state: number, lastStep: number | null): Trace {
    const { root, steps } = this.#genealogy.pathTo(state, this.#states)
    const found = lastStep === null ? steps : [...steps, lastStep]
    const initial = this.#initialOf[root]
    const { symmetry } = this.#reductions
    const all = symmetry === null ? found : symmetry.trueSteps(this.#system.initial[initial], found)
    return {
      initial,
      steps: all.map((s) => {
        const { thread, path } = this.#compiled.steps[s]
        return { thread: this.#system.threads[thread].name, step: path }
      }),
    }
  }

  #result(): SearchResult<W> {
    const fault = this.#judge.unaskedFault
    if (fault !== null)
      this.#stopped ??= `a step ends in fault ${fault}, which is not among the properties; nothing behind it was explored`
    const complete = this.#stopped === null
    const states = this.#states
    const { bits, collisionMeasured } = this.#fingerprints
    const seconds = this.#watch.seconds
    const steps = new Map<string, number>()
    this.#expander.lists.settle()
    this.#fired().forEach((count, index) => {
      const { thread, path } = this.#compiled.steps[index]
      const key = `${this.#system.threads[thread].program.kind}.${path}`
      steps.set(key, (steps.get(key) ?? 0) + count)
    })
    const properties = this.#judge.results({
      complete,
      states,
      edges: this.#edges,
      ...this.#leaves,
      traceTo: (state, lastStep) => this.#traceTo(state, lastStep),
    })
    return {
      complete,
      incompleteReason: this.#stopped,
      states,
      transitions: this.#expander.transitions,
      depth: this.#depth,
      deadlocks: this.#judge.deadlocks,
      seconds,
      bytesPerState: this.#bytes / states,
      collisionProbability: bits === undefined ? 0 : predictedCollision(states, bits),
      ...(collisionMeasured === undefined ? {} : { collisionMeasured }),
      steps,
      properties,
      reduction: this.#reductions.report(states),
    }
  }
}

/** One observer of recordings for several. */
function observers(...all: readonly (CompileOptions['onRecord'] | undefined)[]): CompileOptions {
  const told = all.filter((o) => o !== undefined)
  if (told.length === 0) return {}
  return {
    onRecord: (recording) => {
      for (const observer of told) observer(recording)
    },
  }
}
