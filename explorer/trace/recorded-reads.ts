import type { Cellstore, Classes } from '../../model/language/fields.ts'
import { type Asked, type Call, Evaluations } from './evaluations.ts'

/** A field that a step has changed, and its encoded values. */
export interface ChangedField {
  readonly field: number
  readonly from: number
  readonly to: number
}

/** Callbacks inside of callbacks are calls of their own up to this depth: below, each would read too little. */
const DEEPEST = 2

/** The runs of calls that have read something since it was written. */
class Readers {
  #calls: Call[] = []
  #runs: number[] = []
  /** Of the latest, which need not be noted twice. */
  #latest = 0
  #most = 64

  note(call: Call): void {
    const { run } = call
    if (this.#latest === run) return
    this.#latest = run
    this.#calls.push(call)
    this.#runs.push(run)
    if (this.#calls.length > this.#most) this.#forget()
  }

  /** A run that knows already. */
  skip(run: number): void {
    this.#latest = run
  }

  outdate(): void {
    this.#latest = 0
    const calls = this.#calls
    if (calls.length === 0) return
    for (let n = 0; n < calls.length; n++) if (calls[n].run === this.#runs[n]) calls[n].outdate()
    this.#calls = []
    this.#runs = []
  }

  /** Forgets calls that were made again since, or are not kept. */
  #forget(): void {
    const runs = this.#runs
    const calls = this.#calls
    this.#calls = []
    this.#runs = []
    for (let n = 0; n < calls.length; n++) {
      if (calls[n].run !== runs[n] || !calls[n].isKept) continue
      this.#calls.push(calls[n])
      this.#runs.push(runs[n])
    }
    this.#most = Math.max(64, 2 * this.#calls.length)
  }
}

/**
 * The current values and those before the step, and which calls of predicates have read which of them: what has to be
 * evaluated anew when a value changes.
 */
export class RecordedReads implements Cellstore {
  readonly before: Cellstore
  /** The fields that the step has changed. */
  readonly written: number[] = []
  readonly #now: Uint16Array
  readonly #old: Uint16Array
  readonly #isWritten: Uint8Array
  readonly #readers: (Readers | undefined)[]
  readonly #askers: { readonly classes: Classes; readonly readers: Readers }[][] = []
  readonly #indices: (readonly number[])[] = []
  /** The predicate that is evaluated, and the innermost call; null before it has asked anything. */
  #recording: Evaluations | null = null
  #call: Call | null = null
  #runs = 0

  constructor(fields: number) {
    this.#now = new Uint16Array(fields)
    this.#old = new Uint16Array(fields)
    this.#isWritten = new Uint8Array(fields)
    this.#readers = new Array(fields).fill(undefined)
    const old = this.#old
    this.before = {
      read: (field) => old[field],
      write: () => {
        throw new TypeError('the state before a step is over')
      },
    }
  }

  /** The evaluations of one more predicate. */
  evaluations(): Evaluations {
    return new Evaluations(({ field, classes }) => {
      const value = this.#now[field]
      return classes === null ? value : classes[value]
    })
  }

  read(field: number): number {
    if (this.#recording !== null) this.#recordRead(this.#recording, field)
    return this.#now[field]
  }

  #recordRead(recording: Evaluations, field: number): void {
    this.#readers[field] ??= new Readers()
    const readers = this.#readers[field]
    if (this.#call !== null) {
      readers.note(this.#call)
      return
    }
    // The evaluation is chosen by this value, and need not be noted.
    readers.skip(this.#begin(recording, { field, classes: null }).run)
  }

  classOf(field: number, classes: Classes): number {
    if (this.#recording !== null) {
      const readers = this.#askersOf(field, classes)
      if (this.#call !== null) readers.note(this.#call)
      else readers.skip(this.#begin(this.#recording, { field, classes }).run)
    }
    return classes[this.#now[field]]
  }

  #askersOf(field: number, classes: Classes): Readers {
    this.#askers[field] ??= []
    const askers = this.#askers[field]
    let asker = askers.find((each) => each.classes === classes)
    if (asker === undefined) {
      asker = { classes, readers: new Readers() }
      askers.push(asker)
    }
    return asker.readers
  }

  write(field: number, value: number): void {
    const old = this.#now[field]
    if (old === value) return
    this.#now[field] = value
    for (const { classes, readers } of this.#askers[field] ?? [])
      if (classes[old] !== classes[value]) readers.outdate()
    if (this.#isWritten[field] === 0) {
      this.#isWritten[field] = 1
      this.written.push(field)
    }
    this.#readers[field]?.outdate()
  }

  isChanged(first: number, last: number): boolean {
    for (const field of this.written)
      if (field >= first && field <= last && this.#now[field] !== this.#old[field]) return true
    return false
  }

  changed(): ChangedField[] {
    return this.written.map((field) => ({ field, from: this.#old[field], to: this.#now[field] }))
  }

  /** The step is over. */
  commit(): void {
    for (const field of this.written) {
      this.#old[field] = this.#now[field]
      this.#isWritten[field] = 0
    }
    this.written.length = 0
  }

  /** Calls a predicate, and records what it reads. */
  evaluate(evaluations: Evaluations, predicate: () => unknown): void {
    this.#recording = evaluations
    this.#call = null
    try {
      const result = predicate()
      // It has asked nothing: a constant.
      const call = this.#call ?? this.#begin(evaluations, null)
      call.dropLoops(call.next)
      call.result = result
    } catch (error) {
      if (this.#call !== null) (this.#call as Call).isStale = true
      throw error
    } finally {
      this.#recording = null
      this.#call = null
    }
  }

  #begin(recording: Evaluations, asked: Asked | null): Call {
    this.#call = recording.begin(asked)
    this.#run(this.#call)
    return this.#call
  }

  /** The call is made again. */
  #run(call: Call): void {
    if (call.isStale) call.dropLoops(0)
    call.isStale = false
    call.isStaleBelow = false
    call.isDiverted = false
    call.next = 0
    call.run = ++this.#runs
  }

  /** What a callback returns for an element, and whether that may be something else than the last time. */
  #called<R>(call: Call, callback: () => R): boolean {
    if (call.isValid) return false
    const outer = this.#call
    const { result, run } = call
    this.#run(call)
    this.#call = call
    try {
      call.result = callback()
    } catch (error) {
      call.isStale = true
      throw error
    } finally {
      this.#call = outer
    }
    call.dropLoops(call.next)
    return run === 0 || result !== call.result
  }

  indices(length: number): readonly number[] {
    this.#indices[length] ??= this.#indicesOf(length)
    return this.#indices[length]
  }

  #indicesOf(length: number): readonly number[] {
    const plain: readonly number[] = Object.freeze(Array.from({ length }, (_, i) => i))
    const outer = (): Call | null => {
      if (this.#recording === null) return null
      const call = this.#call ?? this.#begin(this.#recording, null)
      return call.depth < DEEPEST ? call : null
    }
    type Callback<R> = (index: number, position: number, indices: readonly number[]) => R
    /** `every` ends at the first false, `some` at the first true. */
    const until = (end: boolean, callback: Callback<unknown>): boolean => {
      const call = outer()
      if (call === null) return end ? plain.some(callback) : plain.every(callback)
      const loop = call.nextLoop()
      let found = !end
      for (let n = 0; n < length && found !== end; n++) {
        const inner = loop.of(n)
        this.#called(inner, () => Boolean(callback(n, n, plain)))
        if (inner.result === end) found = end
      }
      if (loop.found !== found) call.isDiverted = true
      loop.found = found
      return found
    }
    const collected = <R>(
      callback: Callback<unknown>,
      take: (n: number, result: unknown) => readonly R[],
    ): R[] => {
      const call = outer()
      if (call === null) return plain.flatMap((n) => take(n, callback(n, n, plain)))
      const loop = call.nextLoop()
      const all: R[] = []
      let isChanged = false
      for (let n = 0; n < length; n++) {
        const inner = loop.of(n)
        if (this.#called(inner, () => callback(n, n, plain))) isChanged = true
        all.push(...take(n, inner.result))
      }
      if (isChanged) call.isDiverted = true
      return all
    }
    return Object.freeze(
      Object.defineProperties([...plain], {
        every: { value: (callback: Callback<unknown>) => until(false, callback) },
        some: { value: (callback: Callback<unknown>) => until(true, callback) },
        filter: {
          value: (callback: Callback<unknown>) =>
            collected(
              (...each) => Boolean(callback(...each)),
              (n, isIn) => (isIn === true ? [n] : []),
            ),
        },
        flatMap: {
          value: (callback: Callback<unknown>) =>
            collected(callback, (_, result) => (Array.isArray(result) ? result : [result])),
        },
      }),
    )
  }
}
