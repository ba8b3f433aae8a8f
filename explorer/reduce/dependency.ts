import { Bits } from './bits.ts'

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
 * question about states reads: the order of steps that a question can see is kept.
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
  #rows: readonly Bits[] | null = null

  /** @param counters field of the program counter that each step writes. */
  constructor(fields: number, counters: readonly number[], questions: number, renamings: Renamings) {
    this.steps = counters.length
    this.#renamings = renamings
    this.#reads = counters.map(() => new Bits(fields))
    this.#writes = counters.map((counter) => {
      const writes = new Bits(fields)
      writes.add(counter)
      return writes
    })
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

  /** What a step writes, its program counter included. */
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

  #grow(sets: readonly Bits[], step: number, field: number): void {
    if (sets[step].has(field)) return
    for (const [s, f] of this.#renamings.pairs(step, field)) if (sets[s].add(f)) this.#changed()
  }

  #changed(): void {
    this.version++
    this.#rows = null
  }

  #relate(): Bits[] {
    const visible = this.#writes.map((writes) => this.#seen.map((seen) => seen.meets(writes)))
    const rows = this.#writes.map(() => new Bits(this.steps))
    for (let a = 0; a < this.steps; a++) {
      for (let b = a; b < this.steps; b++) {
        const conflict =
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
}
