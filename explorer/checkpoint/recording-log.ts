import { createHash } from 'node:crypto'
import { ModelError } from '../../model/language/errors.ts'
import type { System } from '../../model/language/system.ts'
import type { CompiledSystem, Recording } from '../compile/compiled-system.ts'
import type { Predicates } from '../compile/predicates.ts'
import { enlarged } from '../state/array-bounds.ts'
import { SIZES } from '../state/sizes.ts'

/** Outcome of a step, in an entry. */
const MOVED = 0
const DISABLED = 1
const FAULTED = 2

const STEP = 0
const PREDICATE = 1

/** Length of the head of an entry, before the encoded values, and of the digest in it. */
const HEAD = 7
const DIGEST = 4

/**
 * All transitions and predicate values that a search recorded, in order. A resumed search runs model code again on every
 * entry, and may only continue if the code does the same everywhere. The code must depend on the same fields too,
 * because an entry stands for all states that agree with it on these.
 */
export class RecordingLog {
  /** `[kind, index, outcome, digest of the rest..., encoded values before..., encoded values after...]` per entry. */
  #entries = new Uint16Array(SIZES.array)
  #used = 0
  readonly #fields: number
  /** Length of an entry. */
  readonly #size: number

  constructor(system: System) {
    this.#fields = system.layout.fields.length
    this.#size = HEAD + 2 * this.#fields
  }

  get bytes(): number {
    return this.#entries.byteLength
  }

  /** The entries, to save. */
  get entries(): Uint16Array {
    return this.#entries.subarray(0, this.#used)
  }

  readonly onRecord = ({ step, before, after, fault, depends, violated, antecedent }: Recording): void => {
    const what = fault !== null ? FAULTED : after === null ? DISABLED : MOVED
    const rest = [depends, violated, antecedent, fault?.property]
    this.#add([STEP, step.index, what, ...digestOf(rest)], before, after ?? before)
  }

  readonly onValue = (
    predicate: number,
    value: number,
    encoded: Uint16Array,
    depends: readonly number[],
  ): void => {
    this.#add([PREDICATE, predicate, -value, ...digestOf([depends])], encoded, encoded)
  }

  /**
   * Repeats the recordings of an earlier log, in the same order.
   * @returns null, or what is different now.
   */
  repeat(entries: Uint16Array, compiled: CompiledSystem, predicates: Predicates): string | null {
    const { layout } = compiled.system
    const words = new Int32Array(layout.words)
    const size = this.#size
    if (entries.length % size !== 0) return 'there is half a recording'
    for (let at = 0; at < entries.length; at += size) {
      const [kind, index] = entries.subarray(at, at + 2)
      const name =
        kind === STEP
          ? compiled.steps[index]?.path
          : kind === PREDICATE
            ? predicates.list[index]?.id
            : undefined
      if (name === undefined) return 'there are other steps or properties'
      const encoded = entries.subarray(at + HEAD, at + HEAD + this.#fields)
      if (encoded.some((code, f) => code >= layout.fields[f].shape.size)) return `${name} was run on no state`
      layout.pack(encoded, words, 0)
      const from = this.#used
      try {
        if (kind === STEP) compiled.record(compiled.steps[index], words, 0)
        else predicates.evaluate(index, words, 0)
      } catch (error) {
        if (!(error instanceof ModelError)) throw error
        return `${name}: ${error.message}`
      }
      // If the value was known already, nothing was recorded, and the entry is missing.
      for (let n = 0; n < size; n++) {
        if (this.#entries[from + n] !== entries[at + n]) return `${name} does something else than before`
      }
    }
    return null
  }

  /** Whether a predicate had this value in any recording. */
  hadValue(predicate: number, value: number): boolean {
    for (let at = 0; at < this.#used; at += this.#size)
      if (this.#entries[at] === PREDICATE && this.#entries[at + 1] === predicate)
        if (this.#entries[at + 2] === -value) return true
    return false
  }

  #add(head: readonly number[], before: Uint16Array, after: Uint16Array): void {
    if (this.#used + this.#size > this.#entries.length) {
      this.#entries = enlarged(this.#entries, new Uint16Array(2 * (this.#entries.length + this.#size)))
    }
    this.#entries.set(head, this.#used)
    this.#entries.set(before, this.#used + HEAD)
    this.#entries.set(after, this.#used + HEAD + this.#fields)
    this.#used += this.#size
  }
}

function digestOf(what: unknown): Uint16Array {
  const digest = createHash('sha256').update(JSON.stringify(what)).digest()
  return Uint16Array.from({ length: DIGEST }, (_, n) => digest.readUInt16LE(2 * n))
}
