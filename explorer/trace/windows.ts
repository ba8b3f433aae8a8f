import { ModelError } from '../../model/language/errors.ts'
import type { Observation, Owed } from '../../model/language/observation.ts'
import { quoted } from '../../model/language/quoted.ts'
import { type Item, itemsOf } from './obligation.ts'
import type { TracedSystem } from './traced-system.ts'

/** An observation that comes this many observations after the previous one of its thread is kept by the first pass. */
const FAR = 4096

/** What a first pass over a log finds out, so that the second knows where each thread ends. */
export interface Plan {
  /** The real threads in the order in which they appear. */
  readonly threads: readonly ThreadPlan[]
  readonly observations: number
}

interface ThreadPlan {
  readonly name: string
  readonly observations: number
  /** Observations that come long after the previous one of the thread, by their number in the thread. */
  readonly far: ReadonlyMap<number, Observation>
}

/** Makes a plan from a list or a stream of observations. */
export class Planner {
  readonly #threads = new Map<
    string,
    { name: string; observations: number; latest: number; far: Map<number, Observation> }
  >()
  #count = 0

  add(observation: Observation): void {
    const name = observation.thread
    let thread = this.#threads.get(name)
    if (thread === undefined) {
      thread = { name, observations: 0, latest: -1, far: new Map() }
      this.#threads.set(name, thread)
    }
    if (this.#count - thread.latest > FAR) thread.far.set(thread.observations, observation)
    thread.latest = this.#count++
    thread.observations++
  }

  get plan(): Plan {
    return { threads: [...this.#threads.values()], observations: this.#count }
  }
}

/** The plan of a part of a log, with these threads in this order. */
export function planFor(threads: readonly string[], observations: readonly Observation[]): Plan {
  const counts = new Map(threads.map((name) => [name, 0]))
  for (const { thread } of observations) counts.set(thread, (counts.get(thread) ?? 0) + 1)
  return {
    threads: [...counts].map(([name, count]) => ({ name, observations: count, far: new Map() })),
    observations: observations.length,
  }
}

/** A real thread on its way through a log. */
interface RealThread {
  readonly name: string
  /** Observations that it has in all, and those that it has made. */
  readonly observations: number
  made: number
  readonly far: ReadonlyMap<number, Observation>
  /** Its observations that were pushed and are not made yet. */
  readonly waiting: Observation[]
  /** Owed after its latest observation. */
  after: readonly Owed[]
  /** Its next observation; null when there is none any more or it is not known yet. */
  next: Observation | null
  items: readonly Item[]
  isKnown: boolean
}

/** Where the windows of all real threads begin: for a follower that starts in the middle of a log. */
export interface WindowsStart {
  /** Owed after the latest observation, by thread. */
  readonly after: readonly (readonly Owed[])[]
}

/** The windows of all real threads, at one point of a log. */
export class Windows {
  readonly threads: readonly RealThread[]
  /** Count of met items, modulo 256, with which the present window of each thread begins. */
  readonly begins: Uint8Array
  readonly #traced: TracedSystem
  readonly #numbers: ReadonlyMap<string, number>
  #unknown: number

  constructor(traced: TracedSystem, plan: Plan, start?: WindowsStart) {
    this.#traced = traced
    this.threads = plan.threads.map(({ name, observations, far }, t) => ({
      name,
      observations,
      made: 0,
      far,
      waiting: [],
      after: start?.after[t] ?? [],
      next: null,
      items: [],
      isKnown: false,
    }))
    this.begins = new Uint8Array(this.threads.length)
    this.#numbers = new Map(this.threads.map(({ name }, t) => [name, t]))
    this.#unknown = this.threads.length
    for (const thread of this.threads) this.#open(thread)
  }

  /** Whether the windows of all threads are known. */
  get areKnown(): boolean {
    return this.#unknown === 0
  }

  /** Takes the next observation of the log. @returns its thread. @throws Error when the plan is of another log. */
  push(observation: Observation): number {
    const t = this.#numbers.get(observation.thread)
    const thread = t === undefined ? undefined : this.threads[t]
    if (thread === undefined || thread.made + thread.waiting.length === thread.observations)
      throw new Error(
        `the log had other observations of ${quoted(observation.thread)} when it was read the first time`,
      )
    thread.waiting.push(observation)
    if (!thread.isKnown) this.#open(thread)
    return t as number
  }

  /** The item that a thread owes next if it has met `met` items in all, modulo 256; undefined after the last one. */
  next(t: number, met: number): Item | undefined {
    return this.threads[t].items[(met - this.begins[t]) & 0xff]
  }

  /** The count of met items, modulo 256, with which the present window of a thread is met. */
  end(t: number): number {
    return (this.begins[t] + this.threads[t].items.length) & 0xff
  }

  /** Opens the next window of a thread, which has met the present one. */
  advance(t: number): void {
    const thread = this.threads[t]
    const made = thread.waiting.shift()
    this.begins[t] = this.end(t)
    thread.made++
    thread.after = made?.after ?? []
    thread.isKnown = false
    this.#unknown++
    this.#open(thread)
  }

  #open(thread: RealThread): void {
    const isOver = thread.made === thread.observations
    const next = isOver ? null : (thread.waiting[0] ?? thread.far.get(thread.made))
    if (next === undefined) return
    const before = next?.before ?? []
    const owed = before.length === 0 ? thread.after : [...thread.after, ...before]
    try {
      thread.items = itemsOf(owed, this.#traced)
    } catch (error) {
      if (!(error instanceof ModelError) || next === null) throw error
      throw new ModelError(`line ${next.line} of the log: ${error.message}`)
    }
    thread.next = next
    thread.isKnown = true
    this.#unknown--
  }
}
