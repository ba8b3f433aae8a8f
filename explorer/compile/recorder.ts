import { ModelError } from '../../model/language/errors.ts'
import type { Cellstore, Classes } from '../../model/language/fields.ts'

/**
 * A store that records what model code reads and writes. A write counts as a read of the old value as well,
 * because the change of the state vector depends on it.
 */
export class Recorder implements Cellstore {
  /** The state the code runs on: encoded values by field. */
  readonly base: Uint16Array
  /** Fields read, in order, without repetition. */
  readonly reads: number[] = []
  /** Fields written, in order of the first write, without repetition. */
  readonly writes: number[] = []
  /** Encoded values after the code ran, for all fields. */
  readonly now: Uint16Array
  /** While true, writes throw: guards and properties must not change the state. */
  frozen = false
  /** Fields read since `watch`, in order, without repetition; those read before it too. */
  readonly watched: number[] = []
  /** Whether the code has asked since `watch` which fields are changed. */
  asksForWrites = false
  /** One more than the place in `reads`; 0 for a field that was not read. */
  readonly #read: Uint16Array
  readonly #isWatched: Uint8Array
  readonly #written: Uint8Array

  constructor(fields: number) {
    this.base = new Uint16Array(fields)
    this.now = new Uint16Array(fields)
    this.#read = new Uint16Array(fields)
    this.#isWatched = new Uint8Array(fields)
    this.#written = new Uint8Array(fields)
  }

  /** Clears the record; the caller has put a new state into `base`. */
  restart(): void {
    this.reads.length = 0
    this.writes.length = 0
    this.#read.fill(0)
    this.#written.fill(0)
    this.now.set(this.base)
    this.frozen = false
  }

  read(field: number): number {
    if (this.#read[field] === 0) this.#read[field] = this.reads.push(field)
    if (this.#isWatched[field] === 0) {
      this.#isWatched[field] = 1
      this.watched.push(field)
    }
    return this.now[field]
  }

  /** By what the step has written, so no field is read for it: which fields it writes depends on those it has read. */
  isChanged(first: number, last: number): boolean {
    this.asksForWrites = true
    for (const field of this.writes)
      if (field >= first && field <= last && this.now[field] !== this.base[field]) return true
    return false
  }

  /** Begins to collect `watched` anew. */
  watch(): void {
    this.asksForWrites = false
    for (const field of this.watched) this.#isWatched[field] = 0
    this.watched.length = 0
  }

  /** Whether a field is among the first `count` of `reads`. */
  isAmongFirst(count: number, field: number): boolean {
    return this.#read[field] - 1 < count && this.#read[field] > 0
  }

  /** Drops the reads from number `from` on, as if they had not happened. */
  forget(from: number): void {
    for (let n = from; n < this.reads.length; n++) this.#read[this.reads[n]] = 0
    this.reads.length = from
  }

  write(field: number, value: number): void {
    if (this.frozen) throw new ModelError('a guard or property writes to the state; only effects may')
    this.read(field)
    if (this.#written[field] === 0) {
      this.#written[field] = 1
      this.writes.push(field)
    }
    this.now[field] = value
  }
}

/**
 * A recorder that also records divisions into classes: code that only asks for the class of a value does not depend on
 * the value. Then `reads` has more than the code depends on; `observed` is exact.
 */
export class ObservingRecorder extends Recorder {
  /** Fields observed, in order; one that was divided into classes may come again. */
  readonly observed: number[] = []
  /** By observation, the classes that the code divided the field's values into; null if it read the value. */
  readonly classes: (Classes | null)[] = []
  readonly #isExact: Uint8Array

  constructor(fields: number) {
    super(fields)
    this.#isExact = new Uint8Array(fields)
  }

  override restart(): void {
    super.restart()
    for (const field of this.observed) this.#isExact[field] = 0
    this.observed.length = 0
    this.classes.length = 0
  }

  override read(field: number): number {
    if (this.#isExact[field] === 0) {
      this.#isExact[field] = 1
      this.observed.push(field)
      this.classes.push(null)
    }
    return super.read(field)
  }

  classOf(field: number, classes: Classes): number {
    if (this.#isExact[field] === 0 && !this.#isObserved(field, classes)) {
      this.observed.push(field)
      this.classes.push(classes)
    }
    return classes[super.read(field)]
  }

  #isObserved(field: number, classes: Classes): boolean {
    for (let n = 0; n < this.observed.length; n++)
      if (this.observed[n] === field && this.classes[n] === classes) return true
    return false
  }
}

/** The state before the effects ran; reads go into the same recorder. */
export class BeforeView implements Cellstore {
  readonly #recorder: Recorder
  constructor(recorder: Recorder) {
    this.#recorder = recorder
  }
  read(field: number): number {
    this.#recorder.read(field)
    return this.#recorder.base[field]
  }
  write(): void {
    throw new ModelError('a property writes to the state')
  }
}
