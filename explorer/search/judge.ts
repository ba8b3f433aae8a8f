import { match } from 'ts-pattern'
import { checkProperties } from '../../model/language/check-properties.ts'
import type { Property } from '../../model/language/property.ts'
import type { System } from '../../model/language/system.ts'
import type { Trace } from '../../model/language/trace.ts'
import { PREDICATE_VALUE, type Predicate, type Predicates } from '../compile/predicates.ts'
import { RECORD } from '../compile/transition-record.ts'
import { enlarged } from '../state/array-bounds.ts'
import { SIZES } from '../state/sizes.ts'
import { type AnswerClasses, UNCLASSED } from './answer-classes.ts'
import type { Edges } from './edges.ts'
import type { PropertyResult } from './result.ts'
import { checkFault, isQuestion, resultsOf } from './verdicts.ts'

/** Where a property was first decided: after state `state`, or by step number `step` taken from it. */
export interface Finding {
  readonly state: number
  readonly step: number | null
}

/** What a finished search gives the judge for the last word. */
export interface Evidence {
  readonly complete: boolean
  readonly states: number
  readonly edges: Edges | null
  eachActionRecord(visit: (records: Int32Array, record: number) => void): void
  traceTo(state: number, lastStep: number | null): Trace
}

/**
 * Judges the properties as states and steps are discovered. The first finding of a breadth-first search is
 * at the least possible distance, so only the first is kept.
 */
export class Judge {
  readonly #system: System
  readonly #properties: readonly Property<never>[]
  readonly #predicates: Predicates
  readonly #classes: AnswerClasses
  readonly #kindOfQuestion: readonly Property<never>['kind'][]
  readonly #findings = new Map<string, Finding>()
  /** States with a true antecedent among those without a class, by question. */
  readonly #unclassed: Float64Array
  readonly #actionIds: readonly string[]
  /** Goal flags of the progress properties by state number, by question. */
  readonly #goals = new Map<number, Uint8Array>()
  readonly #deadlockIds: readonly string[]
  deadlocks = 0
  /** Antecedents by property that an interrupted search counted before this one went on. */
  #earlier: readonly number[] = []

  /** @throws ModelError for properties that cannot be judged. */
  constructor(
    system: System,
    properties: readonly Property<never>[],
    predicates: Predicates,
    classes: AnswerClasses,
  ) {
    this.#system = system
    this.#properties = properties
    this.#predicates = predicates
    this.#classes = classes
    checkProperties(system, properties)
    const questioned = properties.filter((p) => isQuestion(p))
    this.#kindOfQuestion = questioned.map((p) => p.kind)
    this.#unclassed = new Float64Array(questioned.length)
    this.#actionIds = properties.filter((p) => p.kind === 'action').map((p) => p.id)
    this.#deadlockIds = properties.filter((p) => p.kind === 'deadlock').map((p) => p.id)
    questioned.forEach((p, q) => {
      if (p.kind === 'progress') this.#goals.set(q, new Uint8Array(SIZES.array))
    })
  }

  /** The state predicates in the properties, in the order the judge numbers them. */
  static questions(properties: readonly Property<never>[]): Predicate[] {
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
   * A state was discovered, with transition `record` from a state of class `parent`.
   * @returns its class, to be given for its successors.
   */
  successor(id: number, parent: number, record: number, words: Int32Array, base: number): number {
    const classNumber = this.#classes.ofSuccessor(parent, record, words, base)
    this.#count(id, classNumber, words, base)
    return classNumber
  }

  /** A state was discovered that is initial, or not simply the successor it was found as. Returns its class. */
  state(id: number, words: Int32Array, base: number): number {
    const classNumber = this.#classes.ofState(words, base)
    this.#count(id, classNumber, words, base)
    return classNumber
  }

  #count(id: number, classNumber: number, words: Int32Array, base: number): void {
    if (classNumber === UNCLASSED) this.#judgeUnclassed(id, words, base)
    // A class is the same answers, so its first state is the first with any of its findings.
    else if (this.#classes.counts[classNumber]++ === 0)
      this.#judgeAnswers(id, this.#classes.answers(classNumber))
    if (this.#goals.size > 0) this.#markGoals(id, classNumber, words, base)
  }

  #judgeUnclassed(id: number, words: Int32Array, base: number): void {
    const answers = this.#kindOfQuestion.map((_, q) => this.#predicates.evaluate(q, words, base))
    answers.forEach((answer, q) => {
      if (this.#hasAntecedent(q, answer)) this.#unclassed[q]++
    })
    this.#judgeAnswers(id, answers)
  }

  #judgeAnswers(id: number, answers: readonly number[]): void {
    answers.forEach((answer, q) => {
      const kind = this.#kindOfQuestion[q]
      const decided =
        kind === 'invariant'
          ? answer === PREDICATE_VALUE.fails
          : kind === 'witness' && answer === PREDICATE_VALUE.holds
      if (decided) this.#find(this.#predicates.list[q].id, id, null)
    })
  }

  #hasAntecedent(q: number, answer: number): boolean {
    return this.#kindOfQuestion[q] === 'invariant'
      ? answer !== PREDICATE_VALUE.vacuous
      : answer === PREDICATE_VALUE.holds
  }

  #markGoals(id: number, classNumber: number, words: Int32Array, base: number): void {
    for (const q of this.#goals.keys()) {
      const answer =
        classNumber === UNCLASSED
          ? this.#predicates.evaluate(q, words, base)
          : this.#classes.answers(classNumber)[q]
      if (answer === PREDICATE_VALUE.holds) this.#markGoal(q, id)
    }
  }

  /** A step with a violated action property (bit mask) or a fault was taken from a state. */
  step(state: number, step: number, violated: number, fault: string | null): void {
    this.#actionIds.forEach((id, bit) => {
      if ((violated >>> bit) & 1) this.#find(id, state, step)
    })
    if (fault === null) return
    checkFault(this.#properties, fault)
    this.#find(fault, state, step)
  }

  /** A fault that occurred and that no property speaks of, or null: what lies behind it was not explored. */
  get unaskedFault(): string | null {
    for (const id of this.#findings.keys()) if (!this.#properties.some((p) => p.id === id)) return id
    return null
  }

  /** A state has no enabled step; a deadlock unless every thread may rest where it is. */
  stuck(id: number, words: Int32Array, base: number): void {
    const resting = this.#system.threads.every(({ counter, flow }) => {
      const code = (words[base + counter.word] >>> counter.shift) & counter.mask
      return flow.validEnds.has(flow.counters[code])
    })
    if (resting) return
    this.deadlocks++
    for (const property of this.#deadlockIds) this.#find(property, id, null)
  }

  /** What was decided so far, by property (or fault) id. */
  get findings(): ReadonlyMap<string, Finding> {
    return this.#findings
  }

  /** How often each property had something to judge, in their order; not meaningful for deadlocks and faults. */
  antecedents(evidence: Pick<Evidence, 'eachActionRecord'>): number[] {
    const actions = this.#actionAntecedents(evidence)
    const questions = this.#stateAntecedents()
    const asked = this.#predicates.list.map((q) => q.id)
    return this.#properties.map(({ id, kind }, n) => {
      const now =
        kind === 'action' ? actions[this.#actionIds.indexOf(id)] : (questions[asked.indexOf(id)] ?? 0)
      return now + (this.#earlier[n] ?? 0)
    })
  }

  /** Goes on from what an interrupted search had decided and counted. */
  restore(
    findings: Iterable<readonly [string, Finding]>,
    antecedents: readonly number[],
    deadlocks: number,
  ): void {
    for (const [id, finding] of findings) this.#findings.set(id, finding)
    this.#earlier = antecedents
    this.deadlocks = deadlocks
  }

  /** Bytes of what it notes of every state. */
  get bytes(): number {
    return [...this.#goals.values()].reduce((sum, { byteLength }) => sum + byteLength, 0)
  }

  /** Notes the goals of progress that hold in a state which a checkpoint brought back. */
  restoreGoals(id: number, words: Int32Array, base: number): void {
    this.#markGoals(id, UNCLASSED, words, base)
  }

  /** The verdicts, in the order of the properties. */
  results(evidence: Evidence): PropertyResult[] {
    const asked = this.#predicates.list.map((q) => q.id)
    for (const { id, kind } of this.#properties)
      if (kind === 'progress') this.#judgeProgress(id, asked.indexOf(id), evidence)
    const traces = new Map<string, Trace>()
    for (const { id } of this.#properties) {
      const finding = this.#findings.get(id)
      if (finding !== undefined) traces.set(id, evidence.traceTo(finding.state, finding.step))
    }
    return resultsOf(this.#properties, this.antecedents(evidence), traces, evidence)
  }

  #find(id: string, state: number, step: number | null): void {
    if (!this.#findings.has(id)) this.#findings.set(id, { state, step })
  }

  #markGoal(q: number, id: number): void {
    this.#goalsFor(q, id)[id] = 1
  }

  /** The goal flags of a question, with room for state `id`. */
  #goalsFor(q: number, id: number): Uint8Array {
    const goals = this.#goals.get(q) as Uint8Array
    if (id < goals.length) return goals
    const larger = enlarged(goals, new Uint8Array(Math.max(goals.length * 2, id + 1)))
    this.#goals.set(q, larger)
    return larger
  }

  /** Finds the first state from which no goal can be reached; says nothing about an unfinished graph. */
  #judgeProgress(id: string, q: number, { complete, states, edges }: Evidence): void {
    if (!complete || edges === null) return
    const marked = new Uint8Array(states)
    marked.set(this.#goalsFor(q, states - 1).subarray(0, states))
    edges.markBackwards(marked)
    const lost = marked.indexOf(0)
    if (lost >= 0) this.#find(id, lost, null)
  }

  #stateAntecedents(): number[] {
    const counts = [...this.#unclassed]
    for (let c = 1; c < this.#classes.size; c++) {
      this.#classes.answers(c).forEach((answer, q) => {
        if (this.#hasAntecedent(q, answer)) counts[q] += this.#classes.counts[c]
      })
    }
    return counts
  }

  #actionAntecedents(evidence: Pick<Evidence, 'eachActionRecord'>): number[] {
    const counts = this.#actionIds.map(() => 0)
    evidence.eachActionRecord((records, record) => {
      this.#actionIds.forEach((_, bit) => {
        if ((records[record + RECORD.antecedent] >>> bit) & 1)
          counts[bit] += records[record + RECORD.fired] >>> 0
      })
    })
    return counts
  }
}
