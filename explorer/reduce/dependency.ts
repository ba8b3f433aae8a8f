import { Bits } from './bits.ts'
import type { DependencyState } from './reduction-state.ts'
import type { ValueClasses } from './value-classes.ts'

/** The program counter that a step moves: its field, and from which code to which others. */
export interface Move {
  readonly counter: number
  readonly from: number
  readonly to: readonly number[]
}

/** How steps and fields are renamed when ids are exchanged; see Symmetry. */
export interface Renamings {
  /** All (step, field) pairs that a renaming turns the pair into, itself included. */
  pairs(step: number, field: number): Iterable<readonly [step: number, field: number]>
  /** All fields that a renaming turns the field into, itself included. */
  fields(field: number): Iterable<number>
}

/** No renamings. */
export const NO_RENAMINGS: Renamings = {
  pairs: (step, field) => [[step, field]],
  fields: (field) => [field],
}

/**
 * Which steps depend on each other, from what they were seen to read and write. Two steps of different threads
 * commute unless one writes what the other reads (a write counts as a read too), or both write what one
 * question about states reads: the order of steps that a question can see is kept. Of program counters, which
 * every step writes, a question may see only some moves.
 *
 * The sets grow as behaviours are recorded. `version` tells whether a conclusion is older than the sets.
 */
export class Dependency {
  readonly steps: number
  version = 0
  readonly #reads: readonly Bits[]
  readonly #writes: readonly Bits[]
  /** Fields that each question reads. */
  readonly #seen: readonly Bits[]
  readonly #renamings: Renamings
  readonly #moves: readonly Move[]
  readonly #classesOf: (question: number) => ValueClasses | null
  readonly #classes = new Map<number, ValueClasses | null>()
  #rows: readonly Bits[] | null = null

  /**
   * @param moves what each step does to the program counter of its thread.
   * @param classesOf which values of a field a question tells apart, see `valueClasses`; asked when needed.
   */
  constructor(
    fields: number,
    moves: readonly Move[],
    questions: number,
    classesOf: (question: number) => ValueClasses | null,
    renamings: Renamings,
  ) {
    this.steps = moves.length
    this.#moves = moves
    this.#classesOf = classesOf
    this.#renamings = renamings
    this.#reads = moves.map(() => new Bits(fields))
    this.#writes = moves.map(() => new Bits(fields))
    this.#seen = Array.from({ length: questions }, () => new Bits(fields))
  }

  /** A step was seen to read and write. */
  note(step: number, reads: readonly number[], writes: readonly number[]): void {
    for (const f of reads) this.#grow(this.#reads, step, f)
    for (const f of writes) this.#grow(this.#writes, step, f)
  }

  /** A question was seen to read a field. */
  noteQuestion(question: number, field: number): void {
    if (this.#seen[question].has(field)) return
    for (const f of this.#renamings.fields(field)) if (this.#seen[question].add(f)) this.#changed()
  }

  /** What a step writes, its program counter not included. */
  writes(step: number): Bits {
    return this.#writes[step]
  }

  /** The steps that depend on a step, those of its own thread included. */
  dependents(step: number): Bits {
    this.#rows ??= this.#relate()
    return this.#rows[step]
  }

  /** All that a choice can depend on, for comparison; it only ever grows. */
  knowledge(): string {
    this.#rows ??= this.#relate()
    return [...this.#rows, ...this.#writes].map(({ words }) => words.join()).join(';')
  }

  /** All that was noted, for a checkpoint. */
  state(): DependencyState {
    const [reads, writes, seen] = [this.#reads, this.#writes, this.#seen].map((sets) =>
      sets.map(({ words }) => [...words]),
    )
    return { reads, writes, seen }
  }

  /** Adds what an interrupted search had noted. */
  restore({ reads, writes, seen }: DependencyState): void {
    const add = (sets: readonly Bits[], all: readonly (readonly number[])[]): void =>
      sets.forEach((bits, n) => {
        bits.addWords(all[n])
      })
    add(this.#reads, reads)
    add(this.#writes, writes)
    add(this.#seen, seen)
    this.#changed()
  }

  #grow(sets: readonly Bits[], step: number, field: number): void {
    if (sets[step].has(field)) return
    for (const [s, f] of this.#renamings.pairs(step, field)) if (sets[s].add(f)) this.#changed()
  }

  #changed(): void {
    this.version++
    this.#rows = null
  }

  #relate(): Bits[] {
    const visible = this.#writes.map((_, step) => this.#seen.map((_, question) => this.#sees(question, step)))
    const rows = this.#writes.map(() => new Bits(this.steps))
    for (let a = 0; a < this.steps; a++) {
      for (let b = a; b < this.steps; b++) {
        const conflict =
          this.#moves[a].counter === this.#moves[b].counter ||
          this.#writes[a].meets(this.#reads[b]) ||
          this.#writes[b].meets(this.#reads[a]) ||
          this.#writes[a].meets(this.#writes[b]) ||
          visible[a].some((sees, q) => sees && visible[b][q])
        if (!conflict) continue
        rows[a].add(b)
        rows[b].add(a)
      }
    }
    return rows
  }

  /** True when the step may change what the question reads, as far as the question can tell. */
  #sees(question: number, step: number): boolean {
    const seen = this.#seen[question]
    if (seen.meets(this.#writes[step])) return true
    const { counter, from, to } = this.#moves[step]
    if (!seen.has(counter)) return false
    const classes = this.#classesFor(question)
    if (classes === null) return true
    const kinds = classes.get(counter)
    return kinds !== undefined && to.some((code) => kinds[code] !== kinds[from])
  }

  #classesFor(question: number): ValueClasses | null {
    const known = this.#classes.get(question)
    if (known !== undefined) return known
    const classes = this.#classesOf(question)
    this.#classes.set(question, classes)
    return classes
  }
}
