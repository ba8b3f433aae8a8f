import { match } from 'ts-pattern'
import { checkProperties } from '../../../model/language/check-properties.ts'
import { isLiveness, type Property } from '../../../model/language/property.ts'
import type { System } from '../../../model/language/system.ts'
import type { Trace } from '../../../model/language/trace.ts'
import type { CompiledSystem } from '../../compile/compiled-system.ts'
import { PREDICATE_VALUE, type Predicate, Predicates } from '../../compile/predicates.ts'
import { RECORD } from '../../compile/transition-record.ts'
import { type PropertyResult, propertyResult } from '../result.ts'
import type { SamplingOptions } from '../search-options.ts'
import type { Successors } from '../successors.ts'
import { checkFault } from '../verdicts.ts'

/**
 * The property monitor of a search that does not visit everything. It keeps the first violation of each property and
 * the first occurrence of each witness; everything else is inconclusive.
 */
export class PartialMonitor {
  readonly #system: System
  readonly #compiled: CompiledSystem
  readonly #properties: readonly Property<never>[]
  readonly #predicates: Predicates
  readonly #onStates: readonly Property<never>[]
  readonly #antecedents = new Map<string, number>()
  readonly #actions: readonly string[]
  readonly #deadlockFreedoms: readonly string[]
  readonly #found = new Map<string, Trace>()
  /** Ids of the wanted properties that a search of this kind can decide. */
  readonly #decidable: readonly string[]
  /** Number of visits of terminal states in which some thread is not at a valid end. */
  deadlocks = 0

  /** @param compiled must have been compiled with the action properties, in their order. */
  constructor(
    compiled: CompiledSystem,
    properties: readonly Property<never>[],
    { recheck = 'sample', wanted }: Pick<SamplingOptions, 'recheck' | 'wanted'>,
  ) {
    const { system } = compiled
    this.#system = system
    this.#compiled = compiled
    this.#properties = properties
    checkProperties(system, properties)
    this.#onStates = properties.filter((p) => predicateOf(p) !== null)
    this.#predicates = new Predicates(
      system,
      this.#onStates.map((p) => predicateOf(p) as Predicate),
      recheck,
    )
    this.#actions = properties.flatMap((p) => (p.kind === 'action' ? [p.id] : []))
    this.#deadlockFreedoms = properties.flatMap((p) => (p.kind === 'deadlock' ? [p.id] : []))
    const decidable = properties.filter((p) => p.kind !== 'progress' && !isLiveness(p)).map((p) => p.id)
    this.#decidable = wanted === undefined ? decidable : decidable.filter((id) => wanted.includes(id))
  }

  /** Rechecks recorded values. @throws ModelError for a property that has another value now. */
  recheck(seed: number): void {
    this.#predicates.recheck(seed)
  }

  /** Whether all wanted properties are decided. */
  get settled(): boolean {
    return this.#decidable.length > 0 && this.#decidable.every((id) => this.#found.has(id))
  }

  /** Evaluates the properties on a state; `traceTo` is only called for a first finding. */
  state(words: Int32Array, base: number, traceTo: () => Trace): void {
    this.#onStates.forEach(({ id, kind }, q) => {
      const value = this.#predicates.evaluate(q, words, base)
      if (value === PREDICATE_VALUE.vacuous || (kind === 'witness' && value === PREDICATE_VALUE.fails)) return
      this.#antecedents.set(id, (this.#antecedents.get(id) ?? 0) + 1)
      if (value === (kind === 'witness' ? PREDICATE_VALUE.holds : PREDICATE_VALUE.fails))
        this.#find(id, traceTo)
    })
  }

  /** Evaluates the action properties on enabled step `k`; `traceOf` gives the trace that ends with it. */
  step(enabled: Successors, k: number, traceOf: () => Trace): void {
    const { records, faults } = this.#compiled
    const record = enabled.records[k]
    const violated = records[record + RECORD.violated]
    const fault = records[record + RECORD.fault]
    if (fault !== 0) {
      const { property } = faults[fault - 1]
      checkFault(this.#properties, property)
      this.#find(property, traceOf)
    }
    if (violated === 0) return
    this.#actions.forEach((id, bit) => {
      if ((violated >>> bit) & 1) this.#find(id, traceOf)
    })
  }

  /** A terminal state was reached. */
  terminal(words: Int32Array, base: number, traceTo: () => Trace): void {
    const isValidEnd = this.#system.threads.every(({ counter, flow }) =>
      flow.validEnds.has(flow.counters[(words[base + counter.word] >>> counter.shift) & counter.mask]),
    )
    if (isValidEnd) return
    this.deadlocks++
    for (const id of this.#deadlockFreedoms) this.#find(id, traceTo)
  }

  /** The results in the order of the properties: violated or reached if that was found, else inconclusive. */
  results(states: number): PropertyResult[] {
    const taken = this.#takenSteps()
    return this.#properties.map((property): PropertyResult => {
      const { id, kind } = property
      const trace = this.#found.get(id) ?? null
      const antecedent = this.#onStates.includes(property)
        ? (this.#antecedents.get(id) ?? 0)
        : kind === 'action'
          ? taken[this.#actions.indexOf(id)]
          : kind === 'deadlock' || kind === 'fault'
            ? states
            : 0
      if (trace !== null)
        return propertyResult(property, kind === 'witness' ? 'reached' : 'violated', antecedent, trace)
      const of = isLiveness(property) ? 'liveness' : kind === 'progress' ? 'progress' : null
      return {
        ...propertyResult(property, 'inconclusive', antecedent),
        reason: of === null ? null : { kind: 'needs-exhaustive-search', of },
      }
    })
  }

  #find(id: string, trace: () => Trace): void {
    if (!this.#found.has(id)) this.#found.set(id, trace())
  }

  /** Number of steps taken with a true antecedent, by action property. */
  #takenSteps(): number[] {
    const { records } = this.#compiled
    const counts = this.#actions.map(() => 0)
    this.#compiled.eachRecord((record) => {
      const antecedent = records[record + RECORD.antecedent]
      counts.forEach((_, bit) => {
        if ((antecedent >>> bit) & 1) counts[bit] += records[record + RECORD.fired] >>> 0
      })
    })
    return counts
  }
}

function predicateOf(property: Property<never>): Predicate | null {
  return match(property as Property<never>)
    .with({ kind: 'invariant' }, ({ id, given, holds }) =>
      given === undefined ? { id, holds } : { id, given, holds },
    )
    .with({ kind: 'witness' }, ({ id, seen }) => ({ id, holds: seen, part: 'seen' as const }))
    .otherwise(() => null)
}
