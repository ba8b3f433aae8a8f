import type { Property } from '../../model/language/property.ts'
import type { System } from '../../model/language/system.ts'
import { UNKNOWN } from '../compile/behaviours.ts'
import { CompiledSystem, type Recording } from '../compile/compiled-system.ts'
import { Predicates } from '../compile/predicates.ts'
import { DISABLED, LEAF } from '../compile/record-format.ts'
import { Batch, type VisitedSet } from '../state/batch.ts'
import { ExactSet } from '../state/exact-set.ts'
import { FingerprintSet } from '../state/fingerprint-set.ts'
import { VectorStore } from '../state/vector-store.ts'
import { Edges } from './edges.ts'
import { Genealogy } from './genealogy.ts'
import { Judge } from './judge.ts'
import { type Limits, LimitWatch } from './limits.ts'
import type { SearchResult, Trace } from './result.ts'

/** How to search. */
export interface SearchOptions extends Limits {
  /** `exact` keeps every state; `fingerprint` keeps 64 bits of each. Default `exact`. */
  readonly storage?: 'exact' | 'fingerprint'
  /** Seed of the hash functions; the result does not depend on it (in exact storage). */
  readonly seed?: number
  /** Told of every behaviour when it is computed. */
  readonly onRecord?: (recording: Recording) => void
  /** Told now and then how far the search is. */
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
  return new BreadthFirst(system, properties, options).run()
}

class BreadthFirst<W> {
  readonly #system: System<W>
  readonly #options: SearchOptions
  readonly #compiled: CompiledSystem
  readonly #store: VectorStore
  readonly #visited: VisitedSet
  readonly #batch = new Batch()
  readonly #judge: Judge<W>
  readonly #edges: Edges | null
  readonly #watch: LimitWatch
  readonly #initialOf: number[] = []
  #genealogy = new Genealogy(0)
  #head = 0
  #depth = 0
  #transitions = 0
  #stopped: string | null = null

  constructor(system: System<W>, properties: readonly Property<W>[], options: SearchOptions) {
    this.#system = system
    this.#options = options
    const actions = properties.filter((p) => p.kind === 'action')
    this.#compiled = new CompiledSystem(system as System, {
      actions: actions as never,
      seed: options.seed ?? 1,
      ...(options.onRecord === undefined ? {} : { onRecord: options.onRecord }),
    })
    const exact = (options.storage ?? 'exact') === 'exact'
    this.#store = new VectorStore(system.layout.words, exact)
    this.#visited = exact ? new ExactSet(this.#store) : new FingerprintSet(this.#store)
    this.#judge = new Judge(system, properties, new Predicates(system as System, Judge.questions(properties)))
    this.#edges = exact && properties.some((p) => p.kind === 'progress') ? new Edges() : null
    this.#watch = new LimitWatch(options)
  }

  run(): SearchResult<W> {
    this.#enterInitialStates()
    let levelEnd = this.#store.count
    while (this.#stopped === null && this.#head < levelEnd) {
      if (this.#watch.tooDeep(this.#depth)) {
        this.#stopped = `depth ${this.#depth} reached (--max-depth)`
        break
      }
      this.#expandUpTo(levelEnd)
      this.#flush()
      if (this.#stopped === null && this.#store.count > levelEnd) this.#depth++
      levelEnd = this.#store.count
    }
    return this.#result()
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
      this.#judge.state(~id, words, 0)
    })
    this.#genealogy = new Genealogy(this.#initialOf.length)
  }

  /** Expands the states below number `end`. The loop everything else waits for: no allocation in it. */
  #expandUpTo(end: number): void {
    const compiled = this.#compiled
    const { steps, roots, dispatch, firstStep } = compiled
    const store = this.#store
    const batch = this.#batch
    const { threads } = this.#system
    const threadCount = threads.length
    const counterWord = Int32Array.from(threads, (t) => t.counter.word)
    const counterShift = Int32Array.from(threads, (t) => t.counter.shift)
    const counterMask = Int32Array.from(threads, (t) => t.counter.mask)
    let { nodes } = compiled.trees
    let { leaves } = compiled
    while (this.#head < end && this.#stopped === null) {
      const id = this.#head
      const chunkNumber = id >>> VectorStore.chunkBits
      const slot = id & VectorStore.chunkMask
      const words = store.chunks[chunkNumber]
      const base = slot * store.words
      const low = store.lows[chunkNumber][slot]
      const high = store.highs[chunkNumber][slot]
      let enabled = 0
      for (let t = 0; t < threadCount; t++) {
        const counter = (words[base + counterWord[t]] >>> counterShift[t]) & counterMask[t]
        const at = dispatch[t] + counter
        for (let s = firstStep[at]; s < firstStep[at + 1]; s++) {
          let node = roots[s]
          while (node > 0)
            node = nodes[node + 3 + ((words[base + nodes[node]] >>> nodes[node + 1]) & nodes[node + 2])]
          if (node === UNKNOWN) {
            node = compiled.record(steps[s], words, base)
            nodes = compiled.trees.nodes
            leaves = compiled.leaves
          }
          if (node === DISABLED) continue
          const leaf = -node
          enabled++
          leaves[leaf + LEAF.fired]++
          if ((leaves[leaf + LEAF.violated] | leaves[leaf + LEAF.fault]) !== 0) {
            this.#judge.step(id, s, leaves[leaf + LEAF.violated], this.#faultOf(leaf))
            if (leaves[leaf + LEAF.fault] !== 0) continue
          }
          const k = batch.count
          batch.low[k] = low ^ leaves[leaf]
          batch.high[k] = high ^ leaves[leaf + LEAF.hashHigh]
          batch.source[k] = id
          batch.leaf[k] = leaf
          batch.count = k + 1
          if (batch.count === Batch.capacity) this.#flush()
        }
      }
      this.#transitions += enabled
      if (enabled === 0) this.#judge.stuck(id, words, base)
      this.#head = id + 1
    }
  }

  #faultOf(leaf: number): string | null {
    const fault = this.#compiled.leaves[leaf + LEAF.fault]
    return fault === 0 ? null : this.#compiled.faults[fault - 1].property
  }

  /** Looks up the collected successors and judges the new ones. */
  #flush(): void {
    const batch = this.#batch
    const store = this.#store
    const { leaves } = this.#compiled
    this.#visited.insert(batch, leaves)
    for (let k = 0; k < batch.count; k++) {
      const found = batch.found[k]
      const id = found < 0 ? ~found : found
      if (this.#edges !== null) this.#edges.add(batch.source[k], id)
      if (found >= 0) continue
      this.#genealogy.add(id, batch.source[k], leaves[batch.leaf[k] + LEAF.step])
      this.#judge.state(
        id,
        store.chunks[id >>> VectorStore.chunkBits],
        (id & VectorStore.chunkMask) * store.words,
      )
    }
    batch.count = 0
    store.expandedUpTo(this.#head)
    this.#stopped ??= this.#watch.exceeded(store.count, this.#bytes)
    if (this.#options.onProgress !== undefined) this.#options.onProgress(this.#progress())
  }

  get #bytes(): number {
    return this.#store.bytes + this.#visited.bytes + this.#genealogy.bytes + (this.#edges?.bytes ?? 0)
  }

  #progress(): Progress {
    return {
      states: this.#store.count,
      transitions: this.#transitions,
      frontier: this.#store.count - this.#head,
      depth: this.#depth,
      seconds: this.#watch.seconds,
      bytes: this.#bytes,
    }
  }

  #traceTo(state: number, lastStep: number | null): Trace {
    const { root, steps } = this.#genealogy.pathTo(state, this.#store.count)
    const all = lastStep === null ? steps : [...steps, lastStep]
    return {
      initial: this.#initialOf[root],
      steps: all.map((s) => {
        const { thread, path } = this.#compiled.steps[s]
        return { thread: this.#system.threads[thread].name, step: path }
      }),
    }
  }

  #result(): SearchResult<W> {
    const complete = this.#stopped === null
    const states = this.#store.count
    const seconds = this.#watch.seconds
    const steps = new Map<string, number>()
    this.#compiled.fired().forEach((count, index) => {
      const { thread, path } = this.#compiled.steps[index]
      const key = `${this.#system.threads[thread].program.kind}.${path}`
      steps.set(key, (steps.get(key) ?? 0) + count)
    })
    const properties = this.#judge.results({
      complete,
      states,
      edges: this.#edges,
      eachActionLeaf: (visit) => this.#compiled.eachLeaf((leaf) => visit(this.#compiled.leaves, leaf)),
      traceTo: (state, lastStep) => this.#traceTo(state, lastStep),
    })
    return {
      complete,
      incompleteReason: this.#stopped,
      states,
      transitions: this.#transitions,
      depth: this.#depth,
      deadlocks: this.#judge.deadlocks,
      seconds,
      bytesPerState: this.#bytes / states,
      collisionProbability: this.#visited.lossy ? Math.min(1, (states * states) / 2 ** 65) : 0,
      steps,
      properties,
    }
  }
}
