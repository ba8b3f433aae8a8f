import { ModelError } from '../../../model/language/errors.ts'
import type { Property } from '../../../model/language/property.ts'
import type { System } from '../../../model/language/system.ts'
import type { CompiledSystem } from '../../compile/compiled-system.ts'
import { RECORD } from '../../compile/transition-record.ts'
import type { SearchResult } from '../result.ts'
import type { Successors } from '../successors.ts'
import type { Draws } from './draws.ts'
import { type SampleOptions, type Scheduler, sample } from './sample.ts'

/** How to search by random priorities. */
export interface PriorityOptions extends SampleOptions {
  /** Number of ordering constraints that the bug needs, its "depth". Default 3. */
  readonly bugDepth?: number
}

const DEFAULT_BUG_DEPTH = 3

/**
 * Probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi and Nagarakatte, "A randomized scheduler
 * with probabilistic guarantees of finding bugs", 2010). Threads get random priorities; the enabled thread of
 * highest priority moves; at `bugDepth - 1` random steps the moving thread falls below all others. One walk finds a
 * bug of depth d, in an execution of at most k steps of n threads, with probability at least 1 / (n k^(d-1)) over the
 * choice of schedule. Other choices of the model (initial states, several steps of one thread) are drawn uniformly, and
 * the bound is for walks that draw what the bug needs.
 *
 * A thread whose step changes nothing, or brings the walk back to a state that it has been in, falls to the lowest
 * priority, or a spin loop, or a vCPU that runs its guest again and again, would use up the walk. The bound is for
 * behaviours without such steps; leaving them out changes no state.
 * @throws ModelError when the model is wrong.
 */
export function randomPriorities<W>(
  system: System<W>,
  properties: readonly Property<W>[],
  options: PriorityOptions = {},
): SearchResult {
  const depth = options.bugDepth ?? DEFAULT_BUG_DEPTH
  if (!Number.isInteger(depth) || depth < 1)
    throw new ModelError(`a bug depth is a whole number from 1, not ${depth}`)
  return sample(system, properties, options, {
    method: 'priorities',
    scheduler: (compiled, maxDepth) => new Priorities(compiled, depth, maxDepth),
    bound: { bugDepth: depth, threads: system.threads.length },
  })
}

class Priorities implements Scheduler {
  readonly #compiled: CompiledSystem
  readonly #changes: number
  readonly #maxDepth: number
  /** By thread; the highest moves first. */
  readonly #priority: number[]
  /** Steps of the walk, from 1, before which the moving thread falls; the i-th to priority i + 1. */
  #changePoints: number[] = []
  #step = 0
  #lowest = 0
  #moved = 0

  constructor(compiled: CompiledSystem, bugDepth: number, maxDepth: number) {
    this.#compiled = compiled
    this.#changes = bugDepth - 1
    this.#maxDepth = maxDepth
    this.#priority = compiled.system.threads.map(() => 0)
  }

  begin(draws: Draws): void {
    const order = this.#priority.map((_, thread) => thread)
    draws.shuffle(order)
    order.forEach((thread, rank) => {
      this.#priority[thread] = this.#changes + 1 + rank
    })
    this.#changePoints = Array.from({ length: this.#changes }, () => 1 + draws.below(this.#maxDepth))
    this.#step = 0
    this.#lowest = 0
  }

  choose(enabled: Successors, draws: Draws): number {
    this.#step++
    this.#changePoints.forEach((point, i) => {
      if (point === this.#step) this.#priority[this.#first(enabled)] = i + 1
    })
    const thread = this.#first(enabled)
    this.#moved = thread
    const own: number[] = []
    for (let k = 0; k < enabled.count; k++) if (this.#threadOf(enabled, k) === thread) own.push(k)
    const chosen = own[own.length === 1 ? 0 : draws.below(own.length)]
    if (this.#compiled.records[enabled.records[chosen] + RECORD.changes] === 0)
      this.#priority[thread] = --this.#lowest
    return chosen
  }

  circled(): void {
    this.#priority[this.#moved] = --this.#lowest
  }

  /** The enabled thread of highest priority. */
  #first(enabled: Successors): number {
    let first = this.#threadOf(enabled, 0)
    for (let k = 1; k < enabled.count; k++) {
      const thread = this.#threadOf(enabled, k)
      if (this.#priority[thread] > this.#priority[first]) first = thread
    }
    return first
  }

  #threadOf(enabled: Successors, k: number): number {
    return this.#compiled.steps[enabled.steps[k]].thread
  }
}
