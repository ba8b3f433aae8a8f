import { createHash } from 'node:crypto'
import { ModelError } from '../../model/language/errors.ts'
import type { System } from '../../model/language/system.ts'
import type { CompiledSystem, Recording } from '../compile/compiled-system.ts'
import type { Predicates } from '../compile/predicates.ts'
import { enlarged } from '../state/array-bounds.ts'
import { SIZES } from '../state/sizes.ts'

/** What happened to a step, in an entry. */
const MOVED = 0
const DISABLED = 1
const FAULTED = 2

const STEP = 0
const QUESTION = 1

/** Numbers of an entry in front of the codes, and those of them that are a digest. */
const HEAD = 7
const DIGEST = 4

/**
 * All behaviours and answers that a search recorded, in order. A search that goes on from a checkpoint runs
 * the model code again on every entry: it may only go on when the code still does the same everywhere. For
 * that it must depend on the same fields too: an entry stands for all states that agree with it on these.
 */
export class RecordingLog {
  /** `[kind, index, what came of it, digest of the rest..., codes before..., codes after...]` per entry. */
  #entries = new Uint16Array(SIZES.array)
  #used = 0
  readonly #fields: number
  /** Numbers per entry. */
  readonly #size: number

  constructor(system: System) {
    this.#fields = system.layout.fields.length
    this.#size = HEAD + 2 * this.#fields
  }

  get bytes(): number {
    return this.#entries.byteLength
  }

  /** The entries, to be kept. */
  get entries(): Uint16Array {
    return this.#entries.subarray(0, this.#used)
  }

  readonly onRecord = ({ step, before, after, fault, depends, violated, antecedent }: Recording): void => {
    const what = fault !== null ? FAULTED : after === null ? DISABLED : MOVED
    const rest = [depends, violated, antecedent, fault?.property]
    this.#add([STEP, step.index, what, ...digestOf(rest)], before, after ?? before)
  }

  readonly onValue = (
    question: number,
    answer: number,
    encoded: Uint16Array,
    depends: readonly number[],
  ): void => {
    this.#add([QUESTION, question, -answer, ...digestOf([depends])], encoded, encoded)
  }

  /**
   * Records the entries of an earlier log again, in the same order.
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
          : kind === QUESTION
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
      // What was answered before is not recorded: no entry is there then.
      for (let n = 0; n < size; n++) {
        if (this.#entries[from + n] !== entries[at + n]) return `${name} does something else than before`
      }
    }
    return null
  }

  /** Whether a question was answered so on any of the states that it was asked about. */
  hadValue(question: number, answer: number): boolean {
    for (let at = 0; at < this.#used; at += this.#size)
      if (this.#entries[at] === QUESTION && this.#entries[at + 1] === question)
        if (this.#entries[at + 2] === -answer) return true
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
