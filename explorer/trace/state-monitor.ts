import type { Cellstore, Classes } from '../../model/language/fields.ts'
import type { Layout } from '../../model/language/layout.ts'
import type { ActionProperty, Invariant, StepView } from '../../model/language/property.ts'
import type { Counters } from '../../model/language/system.ts'

/** What a log of a system is judged by, state by state. */
export type Judged<W> = Invariant<W> | ActionProperty<W>

/** How often a property was judged, and where it was violated first. */
export interface StateVerdict<W = never> {
  readonly property: Judged<W>
  /** States, or steps, in which it had something to judge. */
  judged: number
  /** The line of the log after which it did not hold; null if it always held. */
  violatedAt: number | null
}

/** A field that a step has changed, and its encoded values. */
export interface ChangedField {
  readonly field: number
  readonly from: number
  readonly to: number
}

/** The properties that a mask has room for. */
const MOST_PROPERTIES = 62
const PER_WORD = 31

/**
 * Holds properties against the states that a log describes, one after the other. `world` and `at` are written by a
 * replay; `took` says that what was written since the last call is one step. An invariant is evaluated again only if a
 * field has changed that it has read before; otherwise it has the same value.
 */
export class StateMonitor<W> {
  readonly world: W
  readonly at: Counters
  readonly verdicts: readonly StateVerdict<W>[]
  /** States with a change, the initial one included. */
  states = 0
  readonly #cells: RecordingCells
  readonly #before: { readonly world: W; readonly at: Counters }
  readonly #invariants: {
    readonly verdict: StateVerdict<W>
    readonly property: Invariant<W>
    given: boolean
  }[]
  readonly #actions: { readonly verdict: StateVerdict<W>; readonly property: ActionProperty<W> }[]

  /** @param layout of `{ world, at }`. @throws RangeError for more properties than a mask has room for. */
  constructor(layout: Layout, properties: readonly Judged<W>[]) {
    this.verdicts = properties.map((property) => ({ property, judged: 0, violatedAt: null }))
    this.#invariants = this.verdicts.flatMap((verdict) =>
      verdict.property.kind === 'invariant' ? [{ verdict, property: verdict.property, given: false }] : [],
    )
    this.#actions = this.verdicts.flatMap((verdict) =>
      verdict.property.kind === 'action' ? [{ verdict, property: verdict.property }] : [],
    )
    if (this.#invariants.length > MOST_PROPERTIES)
      throw new RangeError(`${this.#invariants.length} invariants; a mask has room for ${MOST_PROPERTIES}`)
    this.#cells = new RecordingCells(layout.fields.length)
    const view = (store: Cellstore) => layout.view(store) as unknown as { world: W; at: Counters }
    const now = view(this.#cells)
    this.world = now.world
    this.at = now.at
    this.#before = view(this.#cells.before)
  }

  /** Whether some property was violated. */
  isViolated = false

  /** What was written since the last step. */
  changed(): ChangedField[] {
    return this.#cells.changed()
  }

  /**
   * Judges the state, and the step that led to it if properties ask for it.
   * @param line of the log, for the verdict.
   */
  took(step: StepView | null, line: number): void {
    const cells = this.#cells
    if (cells.written.length === 0 && step === null) return
    this.states++
    if (step !== null) for (const action of this.#actions) this.#judgeStep(action, step, line)
    for (let i = 0; i < this.#invariants.length; i++) if (cells.isStale(i)) this.#judgeState(i, line)
    cells.commit()
  }

  #judgeStep(
    { verdict, property }: { verdict: StateVerdict<W>; property: ActionProperty<W> },
    step: StepView,
    line: number,
  ): void {
    const { world } = this.#before
    if (property.given?.(world, step, this.world) === false) return
    verdict.judged++
    if (!property.holds(world, step, this.world)) this.#violated(verdict, line)
  }

  #violated(verdict: StateVerdict<W>, line: number): void {
    verdict.violatedAt ??= line
    this.isViolated = true
  }

  #judgeState(i: number, line: number): void {
    const { verdict, property } = this.#invariants[i]
    this.#cells.record(i)
    const given = property.given?.(this.world, this.at) !== false
    const holds = !given || property.holds(this.world, this.at)
    this.#cells.record(-1)
    if (given) verdict.judged++
    if (!holds) this.#violated(verdict, line)
  }
}

/**
 * The current values, those before the step, and which invariants have ever read which field. What the last evaluation
 * alone has read would be fewer, but most of them read little before they find that they have nothing to judge.
 */
class RecordingCells implements Cellstore {
  readonly before: Cellstore
  /** The fields that the step has changed. */
  readonly written: number[] = []
  readonly #now: Uint16Array
  readonly #old: Uint16Array
  readonly #isWritten: Uint8Array
  /** The invariants that have read a field, as bits of two words. */
  readonly #readers: [Int32Array, Int32Array]
  /** Those that have asked for the class of a field only, as of a program counter. */
  readonly #askers: { readonly classes: Classes; readonly readers: [number, number] }[][] = []
  readonly #stale: [number, number] = [-1, -1]
  #recording = -1

  constructor(fields: number) {
    this.#now = new Uint16Array(fields)
    this.#old = new Uint16Array(fields)
    this.#isWritten = new Uint8Array(fields)
    this.#readers = [new Int32Array(fields), new Int32Array(fields)]
    const old = this.#old
    this.before = {
      read: (field) => old[field],
      write: () => {
        throw new TypeError('the state before a step is over')
      },
    }
  }

  read(field: number): number {
    const i = this.#recording
    if (i >= 0) {
      this.#readers[i < PER_WORD ? 0 : 1][field] |= 1 << (i % PER_WORD)
    }
    return this.#now[field]
  }

  classOf(field: number, classes: Classes): number {
    const i = this.#recording
    if (i < 0) return classes[this.#now[field]]
    this.#askers[field] ??= []
    const asked = this.#askers[field].find((asker) => asker.classes === classes)
    const asker = asked ?? { classes, readers: [0, 0] }
    if (asked === undefined) this.#askers[field].push(asker)
    asker.readers[i < PER_WORD ? 0 : 1] |= 1 << (i % PER_WORD)
    return classes[this.#now[field]]
  }

  write(field: number, value: number): void {
    const old = this.#now[field]
    if (old === value) return
    this.#now[field] = value
    for (const { classes, readers } of this.#askers[field] ?? []) {
      if (classes[old] === classes[value]) continue
      this.#stale[0] |= readers[0]
      this.#stale[1] |= readers[1]
    }
    if (this.#isWritten[field] === 0) {
      this.#isWritten[field] = 1
      this.written.push(field)
    }
    this.#stale[0] |= this.#readers[0][field]
    this.#stale[1] |= this.#readers[1][field]
  }

  isChanged(first: number, last: number): boolean {
    for (const field of this.written)
      if (field >= first && field <= last && this.#now[field] !== this.#old[field]) return true
    return false
  }

  /** Whether an invariant has read a field that the step has changed, or was never evaluated. */
  isStale(i: number): boolean {
    return (this.#stale[i < PER_WORD ? 0 : 1] & (1 << (i % PER_WORD))) !== 0
  }

  /** What is read from now on is read by this invariant; -1: by none. */
  record(i: number): void {
    this.#recording = i
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
    this.#stale[0] = 0
    this.#stale[1] = 0
  }
}
