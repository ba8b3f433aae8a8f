import type { Cellstore } from '../../model/language/fields.ts'
import type { Layout } from '../../model/language/layout.ts'
import type { ActionProperty, Invariant, StepView } from '../../model/language/property.ts'
import type { Counters } from '../../model/language/system.ts'
import type { Evaluations } from './evaluations.ts'
import { type ChangedField, RecordedReads } from './recorded-reads.ts'

/** What a log of a system is judged by, state by state. */
export type Judged<W> = Invariant<W> | ActionProperty<W>

/** How often a property was judged, and where it was violated first. */
export interface StateVerdict<W = never> {
  readonly property: Judged<W>
  /** Evaluations in which it had something to judge: of steps, or of states that differ in what it reads. */
  judged: number
  /** The line of the log after which it did not hold; null if it always held. */
  violatedAt: number | null
}

/**
 * Holds properties against the states that a log describes, one after the other. `world` and `at` are written by a
 * replay; `took` says that what was written since the last call is one step. An invariant is evaluated again only if
 * something has changed that it has read; otherwise it has the same value.
 */
export class StateMonitor<W> {
  readonly world: W
  readonly at: Counters
  readonly verdicts: readonly StateVerdict<W>[]
  /** States with a change, the initial one included. */
  states = 0
  readonly #cells: RecordedReads
  readonly #before: { readonly world: W; readonly at: Counters }
  readonly #invariants: {
    readonly verdict: StateVerdict<W>
    readonly property: Invariant<W>
    readonly evaluations: Evaluations
  }[]
  readonly #actions: { readonly verdict: StateVerdict<W>; readonly property: ActionProperty<W> }[]

  /** @param layout of `{ world, at }`. */
  constructor(layout: Layout, properties: readonly Judged<W>[]) {
    this.#cells = new RecordedReads(layout.fields.length)
    this.verdicts = properties.map((property) => ({ property, judged: 0, violatedAt: null }))
    this.#invariants = this.verdicts.flatMap((verdict) =>
      verdict.property.kind === 'invariant'
        ? [{ verdict, property: verdict.property, evaluations: this.#cells.evaluations() }]
        : [],
    )
    this.#actions = this.verdicts.flatMap((verdict) =>
      verdict.property.kind === 'action' ? [{ verdict, property: verdict.property }] : [],
    )
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
    for (const invariant of this.#invariants)
      if (!invariant.evaluations.isValid) this.#judgeState(invariant, line)
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

  #judgeState(
    {
      verdict,
      property,
      evaluations,
    }: {
      readonly verdict: StateVerdict<W>
      readonly property: Invariant<W>
      readonly evaluations: Evaluations
    },
    line: number,
  ): void {
    this.#cells.evaluate(evaluations, () => {
      if (property.given?.(this.world, this.at) === false) return
      verdict.judged++
      if (!property.holds(this.world, this.at)) this.#violated(verdict, line)
    })
  }
}
