import type { System } from '../../model/language/system.ts'
import { DecisionTrees, UNKNOWN } from '../compile/behaviours.ts'
import type { CompiledStep } from '../compile/step-table.ts'
import { Bits } from './bits.ts'
import type { Dependency } from './dependency.ts'
import { GuardProbe } from './guard-probe.ts'
import type { PersistentSetsState } from './reduction-state.ts'

/** Choices beyond which no new ones are made: the states that would need one are expanded in full. */
const MOST_CHOICES = 1 << 15

/** What a step's guard read if it is known to be disabled, else null. */
type GuardOf = (step: number) => readonly number[] | null

/** Guards that read more than this are not asked: a choice would depend on too much to be used again. */
const MOST_GUARD_READS = 2

/**
 * Persistent sets of threads (Godefroid 1996): a set T such that nothing the other threads can do, as long as
 * no thread of T moves, depends on the steps at which the threads of T stand. Then it is enough to take the
 * steps of T first.
 *
 * What the others can do is followed along their program counters. A step whose guard is false stays disabled
 * until somebody writes what the guard read, so whoever waits for a lock does nothing until the holder, if it
 * is in T, has moved: this is what makes a lock section small.
 *
 * A choice is a function of the program counters and of what the guards read. It is made once for these
 * values and found in a decision tree from then on, until the dependency grows.
 */
export class PersistentSets {
  readonly #system: System
  readonly #steps: readonly CompiledStep[]
  readonly #dependency: Dependency
  readonly #probe: GuardProbe
  /** Steps at each program counter of each thread. */
  readonly #at: readonly (readonly (readonly number[])[])[]
  /** Steps that each thread may ever take from each program counter, guards left out of account. */
  readonly #reachable: readonly (readonly Bits[])[]
  /** Whether the steps at each program counter of each thread are private, once known; see `#isPrivate`. */
  #private: (boolean | undefined)[][] = []
  #trees = new DecisionTrees()
  #root = UNKNOWN
  #version = -1
  #choices = 0
  readonly #known = new Map<string, number>()
  #lists: (readonly number[])[] = [[]]
  /** 1 for the steps that are alone at their program counter and have a guard, as taking a lock has. */
  readonly #mayBlock: Uint8Array
  /** Most fields that the guard of each step was seen to read, now and when the present tree was begun. */
  #guardReads: Int32Array
  #guardReadsThen: Int32Array

  constructor(system: System, steps: readonly CompiledStep[], dependency: Dependency) {
    this.#system = system
    this.#steps = steps
    this.#dependency = dependency
    this.#probe = new GuardProbe(system)
    this.#guardReads = new Int32Array(steps.length)
    this.#guardReadsThen = this.#guardReads
    this.#mayBlock = new Uint8Array(steps.length)
    this.#at = system.threads.map(({ flow }, t) =>
      flow.counters.map((_, counter) =>
        steps.filter((s) => s.thread === t && s.counter === counter).map((s) => s.index),
      ),
    )
    this.#reachable = this.#at.map((places) => places.map((_, place) => this.#from(places, place)))
    for (const [only, ...others] of this.#at.flat()) {
      if (only === undefined || others.length > 0) continue
      if (steps[only].cases.every(({ guard }) => guard !== undefined)) this.#mayBlock[only] = 1
    }
  }

  get bytes(): number {
    return this.#trees.bytes
  }

  /**
   * Sets of threads, as bit masks, each of which is enough for the packed state at `base` provided that one of
   * its steps is enabled; smallest first, the set of all threads left out.
   */
  choose(words: Int32Array, base: number): readonly number[] {
    if (this.#version !== this.#dependency.version) this.#forget()
    const found = this.#trees.find(this.#root, words, base)
    if (found !== UNKNOWN) return this.#lists[-found]
    if (this.#choices >= MOST_CHOICES) return this.#lists[0]
    return this.#decide(words, base)
  }

  /** The choices made, for a checkpoint; their tree is `tree`. */
  state(): PersistentSetsState {
    return {
      current: this.#version === this.#dependency.version,
      root: this.#root,
      choices: this.#choices,
      lists: this.#lists.map((list) => [...list]),
      guardReads: [...this.#guardReads],
      guardReadsThen: [...this.#guardReadsThen],
    }
  }

  /** The nodes of the tree of choices. */
  get tree(): Int32Array {
    return this.#trees.contents
  }

  /** Goes on with the choices of an interrupted search; the dependency is restored already. */
  restore(state: PersistentSetsState, tree: Int32Array): void {
    this.#guardReads = Int32Array.from(state.guardReads)
    if (!state.current) return
    this.#forget()
    this.#guardReadsThen = Int32Array.from(state.guardReadsThen)
    this.#trees.adopt(tree)
    this.#root = state.root
    this.#choices = state.choices
    this.#lists = state.lists
    this.#known.clear()
    for (const [number, list] of state.lists.entries())
      if (number > 0) this.#known.set(list.join(' '), number)
  }

  #forget(): void {
    this.#version = this.#dependency.version
    this.#trees = new DecisionTrees()
    this.#root = UNKNOWN
    this.#choices = 0
    this.#private = this.#at.map(() => [])
    // A choice must be a function of what it reads, so what is asked may not change while the tree lives.
    this.#guardReadsThen = this.#guardReads.slice()
  }

  #decide(words: Int32Array, base: number): readonly number[] {
    const { layout } = this.#system
    const { recorder } = this.#probe
    layout.unpack(words, base, recorder.base)
    const reads: number[] = []
    const list = this.#sets(reads)
    const key = list.join(' ')
    const number = this.#known.get(key) ?? this.#lists.length
    if (number === this.#lists.length) {
      this.#known.set(key, number)
      this.#lists.push(list)
    }
    this.#root = this.#trees.insert(this.#root, reads, layout.fields, recorder.base, number)
    this.#choices++
    return list
  }

  /** Makes the choice for the state in the probe and adds what it depends on to `reads`. */
  #sets(reads: number[]): readonly number[] {
    const { threads } = this.#system
    const { recorder } = this.#probe
    const counters: number[] = []
    for (const [t, { counter }] of threads.entries()) {
      reads.push(counter.index)
      counters.push(recorder.base[counter.index])
      if (this.#isPrivate(t, counters[t]) && this.#isFree(t, counters[t])) return [1 << t]
    }
    const all = 2 ** threads.length - 1
    const closed = (guardOf: GuardOf | null): number[] => {
      const masks = new Set(threads.map((_, t) => this.#close(t, counters, guardOf)))
      masks.delete(all)
      return [...masks].sort((a, b) => sizeOf(a) - sizeOf(b) || a - b)
    }
    const plain = closed(null)
    if (plain.length > 0 && sizeOf(plain[0]) === 1) return plain
    const disabled = new Map<number, readonly number[] | null>()
    return closed((step) => {
      const known = disabled.get(step)
      if (known !== undefined) return known
      let guard: readonly number[] | null = null
      if (this.#mayBlock[step] === 1 && this.#guardReadsThen[step] <= MOST_GUARD_READS) {
        const isDisabled = this.#probe.isDisabled(this.#steps[step])
        this.#guardReads[step] = Math.max(this.#guardReads[step], recorder.reads.length)
        for (const f of recorder.reads) if (!reads.includes(f)) reads.push(f)
        if (isDisabled) guard = [...recorder.reads]
      }
      disabled.set(step, guard)
      return guard
    })
  }

  /** True when one of the steps at which the thread stands needs no guard to hold. */
  #isFree(thread: number, counter: number): boolean {
    return this.#at[thread][counter].some((s) => this.#steps[s].cases.some((c) => c.guard === undefined))
  }

  /** True when no step of another thread depends on what the thread may do where it stands. */
  #isPrivate(thread: number, counter: number): boolean {
    const known = this.#private[thread][counter]
    if (known !== undefined) return known
    const isPrivate = this.#at[thread][counter].every((s) => {
      const dependents = this.#dependency.dependents(s)
      return this.#steps.every((other) => other.thread === thread || !dependents.has(other.index))
    })
    this.#private[thread][counter] = isPrivate
    return isPrivate
  }

  #from(places: readonly (readonly number[])[], start: number): Bits {
    const found = new Bits(this.#steps.length)
    const reached = new Set([start])
    for (const place of reached) {
      for (const s of places[place]) {
        found.add(s)
        for (const { target } of this.#steps[s].cases) reached.add(target)
      }
    }
    return found
  }

  /** The least persistent set found that contains thread `start`. */
  #close(start: number, counters: readonly number[], guardOf: GuardOf | null): number {
    const threads = counters.length
    let mask = 1 << start
    const dependents = new Bits(this.#steps.length)
    const join = (thread: number): void => {
      mask |= 1 << thread
      for (const s of this.#at[thread][counters[thread]]) dependents.addAll(this.#dependency.dependents(s))
    }
    join(start)
    for (;;) {
      const possible =
        guardOf === null
          ? this.#reachable.map((places, t) => places[counters[t]])
          : this.#possible(mask, counters, guardOf)
      let joined = false
      for (let t = 0; t < threads; t++) {
        if ((mask >>> t) & 1 || !possible[t].meets(dependents)) continue
        join(t)
        joined = true
      }
      if (!joined) return mask
    }
  }

  /** The steps that each thread outside the mask may take while none of the mask moves. */
  #possible(mask: number, counters: readonly number[], guardOf: GuardOf): Bits[] {
    const possible = counters.map(() => new Bits(this.#steps.length))
    const written = new Bits(this.#system.layout.fields.length)
    const reached = counters.map((counter, t) => new Set((mask >>> t) & 1 ? [] : [counter]))
    /** Steps whose guard is false and reads nothing written so far. */
    let blocked: { readonly t: number; readonly s: number; readonly guard: readonly number[] }[] = []
    const take = (t: number, s: number): void => {
      possible[t].add(s)
      written.addAll(this.#dependency.writes(s))
      for (const { target } of this.#steps[s].cases) reached[t].add(target)
    }
    const seen = counters.map(() => new Set<number>())
    for (let growing = true; growing; ) {
      growing = false
      // A set that grows while it is gone through is gone through to its new end.
      for (const [t, places] of reached.entries()) {
        for (const place of places) {
          if (seen[t].has(place)) continue
          seen[t].add(place)
          for (const s of this.#at[t][place]) {
            const guard = guardOf(s)
            if (guard === null) take(t, s)
            else blocked.push({ t, s, guard })
          }
        }
      }
      const waiting = blocked
      blocked = []
      for (const step of waiting) {
        if (step.guard.some((f) => written.has(f))) {
          take(step.t, step.s)
          growing = true
        } else blocked.push(step)
      }
    }
    return possible
  }
}

function sizeOf(mask: number): number {
  return mask.toString(2).replaceAll('0', '').length
}
