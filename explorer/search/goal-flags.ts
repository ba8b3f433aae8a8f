import { PREDICATE_VALUE } from '../compile/predicates.ts'
import { enlarged } from '../state/array-bounds.ts'
import { SIZES } from '../state/sizes.ts'

/** Goals whose flags are in one byte. */
const PER_BYTE = 8

/** Values of predicates, by predicate. */
type Values = readonly number[]

/**
 * Which goals hold in each state, a bit per goal. Most states have a valuation that others had before, so that a state
 * costs one write: the bits of a valuation are found once.
 */
export class GoalFlags {
  readonly #goals: readonly number[]
  /** The flags of eight goals each, by state. */
  readonly #flags: Uint8Array[]
  /** The same by valuation, as far as it was asked for. */
  readonly #known: number[][]

  /** @param goals the predicates that are goals. */
  constructor(goals: readonly number[]) {
    this.#goals = goals
    const bytes = Math.ceil(goals.length / PER_BYTE)
    this.#flags = Array.from({ length: bytes }, () => new Uint8Array(SIZES.array))
    this.#known = Array.from({ length: bytes }, () => [])
  }

  /** Size in bytes. */
  get bytes(): number {
    return this.#flags.reduce((sum, { byteLength }) => sum + byteLength, 0)
  }

  /** Whether there are goals at all. */
  get any(): boolean {
    return this.#goals.length > 0
  }

  /** Notes the goals that hold in state `id`, which has a numbered valuation with these values. */
  mark(id: number, valuation: number, values: Values): void {
    for (let n = 0; n < this.#flags.length; n++) {
      const known = this.#known[n]
      while (known.length <= valuation) known.push(-1)
      if (known[valuation] < 0) known[valuation] = this.#bitsOf(n, (q) => values[q])
      this.#set(n, id, known[valuation])
    }
  }

  /** As `mark`, for a state whose valuation has no number. */
  markBy(id: number, valueIn: (predicate: number) => number): void {
    for (let n = 0; n < this.#flags.length; n++) this.#set(n, id, this.#bitsOf(n, valueIn))
  }

  /** One byte per state, not 0 where the goal holds. */
  statesOf(goal: number, states: number): Uint8Array {
    const at = this.#goals.indexOf(goal)
    const flags = this.#flags[Math.floor(at / PER_BYTE)]
    const bit = 1 << (at % PER_BYTE)
    const marked = new Uint8Array(states)
    for (let id = 0; id < Math.min(states, flags.length); id++) marked[id] = flags[id] & bit
    return marked
  }

  #bitsOf(n: number, valueIn: (predicate: number) => number): number {
    return this.#goals
      .slice(n * PER_BYTE, (n + 1) * PER_BYTE)
      .reduce((bits, q, bit) => (valueIn(q) === PREDICATE_VALUE.holds ? bits | (1 << bit) : bits), 0)
  }

  #set(n: number, id: number, bits: number): void {
    const flags = this.#flags[n]
    if (id >= flags.length)
      this.#flags[n] = enlarged(flags, new Uint8Array(Math.max(flags.length * 2, id + 1)))
    this.#flags[n][id] = bits
  }
}
