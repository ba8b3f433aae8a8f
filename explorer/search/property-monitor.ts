import { match } from 'ts-pattern'
import { checkProperties } from '../../model/language/check-properties.ts'
import type { Property } from '../../model/language/property.ts'
import type { System } from '../../model/language/system.ts'
import type { Trace } from '../../model/language/trace.ts'
import type { CompiledSystem } from '../compile/compiled-system.ts'
import { PREDICATE_VALUE, type Predicate, type Predicates } from '../compile/predicates.ts'
import { RECORD } from '../compile/transition-record.ts'
import { GoalFlags } from './goal-flags.ts'
import type { PropertyResult } from './result.ts'
import type { StateGraph } from './state-graph.ts'
import { UNNUMBERED, type Valuations } from './valuations.ts'
import { checkFault, isStatePredicate, resultsOf } from './verdicts.ts'

/** Where a property was first decided: in state `state`, or by step number `step` taken from it. */
export interface DecidedAt {
  readonly state: number
  readonly step: number | null
}

/** Where transitions are recorded. */
type Transitions = Pick<CompiledSystem, 'records' | 'faults'>

/** How a search keeps where a property was decided, until it is asked for the trace. */
export type PlaceOf<Place> = (state: number, step: number | null) => Place

/** For a search that numbers its states. */
export const decidedAt: PlaceOf<DecidedAt> = (state, step) => ({ state, step })

/** What the monitor needs of a finished search for the verdicts. */
export interface FinishedSearch<Place = DecidedAt> {
  readonly complete: boolean
  readonly states: number
  readonly stateGraph: StateGraph | null
  eachActionRecord(visit: (records: Int32Array, record: number) => void): void
  traceTo(place: Place): Trace
}

/**
 * Evaluates the properties as states and transitions are discovered. Keeps the first finding of each property: in a
 * breadth-first search no other is closer to an initial state.
 *
 * Every kind of search uses it. They differ in the place of a finding: a number where states are stored, the whole trace
 * where they are not.
 */
export class PropertyMonitor<Place = DecidedAt> {
  readonly #system: System
  readonly #properties: readonly Property<never>[]
  readonly #predicates: Predicates
  readonly #valuations: Valuations
  readonly #kindOfPredicate: readonly Property<never>['kind'][]
  readonly #placeOf: PlaceOf<Place>
  readonly #findings = new Map<string, Place>()
  /** States with a true antecedent among those without a numbered valuation, by predicate. */
  readonly #unnumbered: Float64Array
  readonly #actionIds: readonly string[]
  /** The goals of the always-possible properties. */
  readonly #goals: GoalFlags
  readonly #deadlockIds: readonly string[]
  readonly #witnessIds: ReadonlySet<string>
  deadlocks = 0
  /** Antecedents by property that the search had counted before it was interrupted. */
  #earlier: readonly number[] = []

  /**
   * @param predicates those of the properties to evaluate on states; others stay undecided.
   * @throws ModelError for properties that cannot be checked.
   */
  constructor(
    system: System,
    properties: readonly Property<never>[],
    predicates: Predicates,
    valuations: Valuations,
    placeOf: PlaceOf<Place>,
  ) {
    this.#system = system
    this.#properties = properties
    this.#predicates = predicates
    this.#valuations = valuations
    this.#placeOf = placeOf
    checkProperties(system, properties)
    const evaluated = new Set(predicates.list.map(({ id }) => id))
    const onStates = properties.filter((p) => isStatePredicate(p) && evaluated.has(p.id))
    this.#kindOfPredicate = onStates.map((p) => p.kind)
    this.#unnumbered = new Float64Array(onStates.length)
    this.#actionIds = properties.filter((p) => p.kind === 'action').map((p) => p.id)
    this.#deadlockIds = properties.filter((p) => p.kind === 'deadlock').map((p) => p.id)
    this.#witnessIds = new Set(properties.filter((p) => p.kind === 'witness').map((p) => p.id))
    this.#goals = new GoalFlags(onStates.flatMap((p, q) => (p.kind === 'progress' ? [q] : [])))
  }

  /** The state predicates of the properties, in the order in which the monitor numbers them. */
  static predicatesOf(properties: readonly Property<never>[]): Predicate[] {
    return properties.flatMap((p): Predicate[] =>
      match(p as Property<never>)
        .with({ kind: 'invariant' }, ({ id, given, holds }) => [
          given === undefined ? { id, holds } : { id, given, holds },
        ])
        .with({ kind: 'witness' }, ({ id, seen }) => [{ id, holds: seen, part: 'seen' }])
        .with({ kind: 'progress' }, ({ id, goal }) => [{ id, holds: goal, part: 'goal' }])
        .otherwise(() => []),
    )
  }

  /**
   * A state was discovered by transition `record` from a state with valuation `parent`.
   * @returns its valuation.
   */
  successor(id: number, parent: number, record: number, words: Int32Array, base: number): number {
    const valuation = this.#valuations.ofSuccessor(parent, record, words, base)
    this.#count(id, valuation, words, base)
    return valuation
  }

  /** A state was discovered that is initial, or stored in the place of another one. Returns its valuation. */
  state(id: number, words: Int32Array, base: number): number {
    const valuation = this.#valuations.ofState(words, base)
    this.#count(id, valuation, words, base)
    return valuation
  }

  #count(id: number, valuation: number, words: Int32Array, base: number): void {
    if (valuation === UNNUMBERED) this.#evaluateUnnumbered(id, words, base)
    // States with the same valuation decide the same properties, so only the first of them can be a first finding.
    else if (this.#valuations.counts[valuation]++ === 0)
      this.#decide(id, this.#valuations.valuesOf(valuation))
    if (this.#goals.any) this.#markGoals(id, valuation, words, base)
  }

  #evaluateUnnumbered(id: number, words: Int32Array, base: number): void {
    const values = this.#kindOfPredicate.map((_, q) => this.#predicates.evaluate(q, words, base))
    values.forEach((value, q) => {
      if (this.#hasAntecedent(q, value)) this.#unnumbered[q]++
    })
    this.#decide(id, values)
  }

  #decide(id: number, values: readonly number[]): void {
    values.forEach((value, q) => {
      const kind = this.#kindOfPredicate[q]
      const decided =
        kind === 'invariant'
          ? value === PREDICATE_VALUE.fails
          : kind === 'witness' && value === PREDICATE_VALUE.holds
      if (decided) this.#find(this.#predicates.list[q].id, id, null)
    })
  }

  #hasAntecedent(q: number, value: number): boolean {
    return this.#kindOfPredicate[q] === 'invariant'
      ? value !== PREDICATE_VALUE.vacuous
      : value === PREDICATE_VALUE.holds
  }

  #markGoals(id: number, valuation: number, words: Int32Array, base: number): void {
    if (valuation === UNNUMBERED) this.#goals.markBy(id, (q) => this.#predicates.evaluate(q, words, base))
    else this.#goals.mark(id, valuation, this.#valuations.valuesOf(valuation))
  }

  /** Transition `record` was taken from a state. Only one that violates action properties or ends in an oops matters. */
  transition(state: number, { records, faults }: Transitions, record: number): void {
    const violated = records[record + RECORD.violated]
    const fault = records[record + RECORD.fault]
    if ((violated | fault) === 0) return
    const step = records[record + RECORD.step]
    this.#actionIds.forEach((id, bit) => {
      if ((violated >>> bit) & 1) this.#find(id, state, step)
    })
    if (fault === 0) return
    const { property } = faults[fault - 1]
    checkFault(this.#properties, property)
    this.#find(property, state, step)
  }

  /** An oops that occurred though no property names it, or null. Nothing after it was explored. */
  get unaskedFault(): string | null {
    for (const id of this.#findings.keys()) if (!this.#properties.some((p) => p.id === id)) return id
    return null
  }

  /** Whether a property is violated so far, by a state or a step. */
  get isViolated(): boolean {
    for (const id of this.#findings.keys()) if (!this.#witnessIds.has(id)) return true
    return false
  }

  /** A terminal state was found; it is a deadlock unless every thread is at a valid end. */
  terminal(id: number, words: Int32Array, base: number): void {
    const isValidEnd = this.#system.threads.every(({ counter, flow }) => {
      const encoded = (words[base + counter.word] >>> counter.shift) & counter.mask
      return flow.validEnds.has(flow.counters[encoded])
    })
    if (isValidEnd) return
    this.deadlocks++
    for (const property of this.#deadlockIds) this.#find(property, id, null)
  }

  /** What was decided so far, by the id of the property or oops. */
  get findings(): ReadonlyMap<string, Place> {
    return this.#findings
  }

  /** Whether all of these properties and oopses were found. */
  hasFound(ids: readonly string[]): boolean {
    return ids.every((id) => this.#findings.has(id))
  }

  /** How often the antecedent of each property was true, in their order; meaningless for deadlocks and oopses. */
  antecedents(search: Pick<FinishedSearch, 'eachActionRecord'>): number[] {
    const actions = this.#actionAntecedents(search)
    const onStates = this.#stateAntecedents()
    const ids = this.#predicates.list.map((q) => q.id)
    return this.#properties.map(({ id, kind }, n) => {
      const now = kind === 'action' ? actions[this.#actionIds.indexOf(id)] : (onStates[ids.indexOf(id)] ?? 0)
      return now + (this.#earlier[n] ?? 0)
    })
  }

  /** Takes over what the search had decided and counted before it was interrupted. */
  restore(
    findings: Iterable<readonly [string, Place]>,
    antecedents: readonly number[],
    deadlocks: number,
  ): void {
    for (const [id, finding] of findings) this.#findings.set(id, finding)
    this.#earlier = antecedents
    this.deadlocks = deadlocks
  }

  /** Bytes of the flags kept per state. */
  get bytes(): number {
    return this.#goals.bytes
  }

  /**
   * By always-possible property, in their order: one byte per state from number `first` to `end - 1`, not 0 where the
   * goal holds.
   */
  goalsOf(first: number, end: number): Uint8Array[] {
    const ids = this.#predicates.list.map(({ id }) => id)
    return this.#properties
      .filter(({ kind }) => kind === 'progress')
      .map(({ id }) => this.#goals.statesOf(ids.indexOf(id), end).slice(first))
  }

  /** Marks the always-possible goals that hold in a state read from a checkpoint. */
  restoreGoals(id: number, words: Int32Array, base: number): void {
    this.#markGoals(id, UNNUMBERED, words, base)
  }

  /** The verdicts, in the order of the properties. */
  results(search: FinishedSearch<Place>): PropertyResult[] {
    const ids = this.#predicates.list.map((q) => q.id)
    for (const { id, kind } of this.#properties)
      if (kind === 'progress') this.#decideAlwaysPossible(id, ids.indexOf(id), search)
    const traces = new Map<string, Trace>()
    for (const { id } of this.#properties) {
      const finding = this.#findings.get(id)
      if (finding !== undefined) traces.set(id, search.traceTo(finding))
    }
    return resultsOf(this.#properties, this.antecedents(search), traces, search)
  }

  #find(id: string, state: number, step: number | null): void {
    if (!this.#findings.has(id)) this.#findings.set(id, this.#placeOf(state, step))
  }

  /** Finds the first state from which no goal can be reached. An unfinished graph decides nothing. */
  #decideAlwaysPossible(
    id: string,
    q: number,
    { complete, states, stateGraph }: FinishedSearch<Place>,
  ): void {
    if (!complete || stateGraph === null) return
    const marked = this.#goals.statesOf(q, states)
    stateGraph.markBackwards(marked)
    const lost = marked.indexOf(0)
    if (lost >= 0) this.#find(id, lost, null)
  }

  #stateAntecedents(): number[] {
    const counts = [...this.#unnumbered]
    for (let c = 1; c < this.#valuations.size; c++) {
      this.#valuations.valuesOf(c).forEach((value, q) => {
        if (this.#hasAntecedent(q, value)) counts[q] += this.#valuations.counts[c]
      })
    }
    return counts
  }

  #actionAntecedents(search: Pick<FinishedSearch, 'eachActionRecord'>): number[] {
    const counts = this.#actionIds.map(() => 0)
    search.eachActionRecord((records, record) => {
      this.#actionIds.forEach((_, bit) => {
        if ((records[record + RECORD.antecedent] >>> bit) & 1)
          counts[bit] += records[record + RECORD.fired] >>> 0
      })
    })
    return counts
  }
}
