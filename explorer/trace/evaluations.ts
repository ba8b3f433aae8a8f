import type { Classes } from '../../model/language/fields.ts'

/** What a predicate asks for: a field, or the class of one only, as of a program counter. */
export interface Asked {
  readonly field: number
  readonly classes: Classes | null
}

/**
 * A call of a predicate, or of a callback that it gives to a method of indices. What it returns is a function of the
 * state, of the calls around it up to there, and of nothing else. So it would return the same again while nothing has
 * changed of what it has read, nor of what the calls around it had read and found before.
 */
export class Call {
  /** The loop of another call that it is in; null for the predicate itself. */
  readonly loop: Loop | null
  readonly depth: number
  /** Something that it has read itself has changed, or it was never made. */
  isStale = true
  /** So has something that a call in it has read. */
  isStaleBelow = false
  /** The number of its latest run, from 1. */
  run = 0
  result: unknown = undefined
  loops: Loop[] = []
  /** During a run: the loop that comes next, and whether a loop has found something else than the last time. */
  next = 0
  isDiverted = false

  constructor(loop: Loop | null) {
    this.loop = loop
    this.depth = loop === null ? 0 : loop.call.depth + 1
  }

  get isValid(): boolean {
    return !this.isStale && !this.isStaleBelow
  }

  /** What it has read has changed. */
  outdate(): void {
    this.isStale = true
    let { loop } = this
    while (loop !== null && !loop.call.isStaleBelow) {
      loop.call.isStaleBelow = true
      loop = loop.call.loop
    }
  }

  /** Whether it may still be asked for its result. */
  get isKept(): boolean {
    for (let { loop } = this; loop !== null; loop = loop.call.loop) if (loop.isDropped) return false
    return true
  }

  /** Forgets the loops from one on: they would not be the same again. */
  dropLoops(from: number): void {
    for (let n = from; n < this.loops.length; n++) this.loops[n].isDropped = true
    if (from < this.loops.length) this.loops.length = from
  }

  /** The loop that comes next. */
  nextLoop(): Loop {
    const n = this.next++
    if (this.isDiverted) this.dropLoops(n)
    this.loops[n] ??= new Loop(this)
    return this.loops[n]
  }
}

/** A method of indices that a call has called: `every` and the like. */
export class Loop {
  readonly call: Call
  readonly calls: Call[] = []
  isDropped = false
  /** What the method has returned the last time, if that is true or false. */
  found: boolean | null = null

  constructor(call: Call) {
    this.call = call
  }

  of(index: number): Call {
    this.calls[index] ??= new Call(this)
    return this.calls[index]
  }
}

/** Evaluations of one predicate that are remembered, at most. */
const MOST_EVALUATIONS = 8

/**
 * The evaluations of a predicate. Many read one field first, as mmu_lock, and little else unless it has a certain value.
 * So the latest evaluation for each of its values is kept, and is valid again when the value comes back.
 */
export class Evaluations {
  readonly #answer: (asked: Asked) => number
  /** What it asks first; null for a loop. Undefined before the first evaluation. */
  #first: Asked | null | undefined = undefined
  /** It has begun otherwise, so it depends on more than the state: it is evaluated each time. */
  #isErratic = false
  readonly #byValue = new Map<number, Call>()

  /** @param answer what is asked for, in the present state. */
  constructor(answer: (asked: Asked) => number) {
    this.#answer = answer
  }

  /** Whether it has the value that it had when it last began as it would now. */
  get isValid(): boolean {
    if (this.#first === undefined || this.#isErratic) return false
    return this.#byValue.get(this.#value)?.isValid === true
  }

  /** What it has returned then. */
  get result(): unknown {
    return this.#byValue.get(this.#value)?.result
  }

  get #value(): number {
    return this.#first === null || this.#first === undefined ? 0 : this.#answer(this.#first)
  }

  isFirst(field: number, classes: Classes | null): boolean {
    return this.#first?.field === field && this.#first.classes === classes
  }

  /** The evaluation that begins with this; null for a loop. */
  begin(asked: Asked | null): Call {
    if (this.#first === undefined) this.#first = asked
    else if (asked === null ? this.#first !== null : !this.isFirst(asked.field, asked.classes))
      this.#isErratic = true
    const value = this.#value
    const call = this.#byValue.get(value) ?? this.#another()
    this.#byValue.set(value, call)
    return call
  }

  #another(): Call {
    const [oldest] = this.#byValue
    if (oldest === undefined || this.#byValue.size < MOST_EVALUATIONS) return new Call(null)
    this.#byValue.delete(oldest[0])
    oldest[1].isStale = true
    return oldest[1]
  }
}
