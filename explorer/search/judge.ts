import { match } from 'ts-pattern'
import { isLiveness, type Property } from '../../model/language/property.ts'
import type { System } from '../../model/language/system.ts'
import { ANSWER, type Predicates, type Question } from '../compile/predicates.ts'
import { LEAF } from '../compile/record-format.ts'
import type { Edges } from './edges.ts'
import type { PropertyResult, Trace, Verdict } from './result.ts'

/** Where a property was first decided: after state `state`, or by step number `step` taken from it. */
interface Finding {
  readonly state: number
  readonly step: number | null
}

/** What a finished search gives the judge for the last word. */
export interface Evidence {
  readonly complete: boolean
  readonly states: number
  readonly edges: Edges | null
  eachActionLeaf(visit: (leaves: Int32Array, leaf: number) => void): void
  traceTo(state: number, lastStep: number | null): Trace
}

/**
 * Judges the properties as states and steps are discovered. The first finding of a breadth-first search is
 * at the least possible distance, so only the first is kept.
 */
export class Judge<W> {
  readonly #system: System<W>
  readonly #properties: readonly Property<W>[]
  readonly #predicates: Predicates
  readonly #kindOfQuestion: readonly Property<W>['kind'][]
  readonly #findings = new Map<string, Finding>()
  readonly #antecedents: Float64Array
  readonly #actionIds: readonly string[]
  /** Goal flags of the progress properties by state number, by question. */
  readonly #goals = new Map<number, Uint8Array>()
  readonly #deadlockIds: readonly string[]
  deadlocks = 0

  constructor(system: System<W>, properties: readonly Property<W>[], predicates: Predicates) {
    this.#system = system
    this.#properties = properties
    this.#predicates = predicates
    const asked = properties.filter((p) => isQuestion(p))
    this.#kindOfQuestion = asked.map((p) => p.kind)
    this.#antecedents = new Float64Array(asked.length)
    this.#actionIds = properties.filter((p) => p.kind === 'action').map((p) => p.id)
    this.#deadlockIds = properties.filter((p) => p.kind === 'deadlock').map((p) => p.id)
    asked.forEach((p, q) => {
      if (p.kind === 'progress') this.#goals.set(q, new Uint8Array(1 << 12))
    })
  }

  /** The state predicates in the properties, in the order the judge numbers them. */
  static questions<W>(properties: readonly Property<W>[]): Question[] {
    return properties.flatMap((p): Question[] =>
      match(p as Property<never>)
        .with({ kind: 'invariant' }, ({ id, given, holds }) => [
          given === undefined ? { id, holds } : { id, given, holds },
        ])
        .with({ kind: 'witness' }, ({ id, seen }) => [{ id, holds: seen }])
        .with({ kind: 'progress' }, ({ id, goal }) => [{ id, holds: goal }])
        .otherwise(() => []),
    )
  }

  /** A state was discovered. */
  state(id: number, words: Int32Array, base: number): void {
    const predicates = this.#predicates
    const kinds = this.#kindOfQuestion
    for (let q = 0; q < kinds.length; q++) {
      const answer = predicates.ask(q, words, base)
      if (answer === ANSWER.vacuous) continue
      const kind = kinds[q]
      if (kind === 'invariant') {
        this.#antecedents[q]++
        if (answer === ANSWER.fails) this.#find(predicates.questions[q].id, id, null)
      } else if (answer === ANSWER.holds) {
        this.#antecedents[q]++
        if (kind === 'witness') this.#find(predicates.questions[q].id, id, null)
        else this.#markGoal(q, id)
      }
    }
  }

  /** A step with a violated action property (bit mask) or a fault was taken from a state. */
  step(state: number, step: number, violated: number, fault: string | null): void {
    this.#actionIds.forEach((id, bit) => {
      if ((violated >>> bit) & 1) this.#find(id, state, step)
    })
    if (fault !== null) this.#find(fault, state, step)
  }

  /** A state has no enabled step; a deadlock unless every thread may rest where it is. */
  stuck(id: number, words: Int32Array, base: number): void {
    const resting = this.#system.threads.every(({ counter, flow }) => {
      const code = (words[base + counter.word] >>> counter.shift) & counter.mask
      return flow.rests.has(flow.counters[code])
    })
    if (resting) return
    this.deadlocks++
    for (const property of this.#deadlockIds) this.#find(property, id, null)
  }

  /** The verdicts, in the order of the properties. */
  results(evidence: Evidence): PropertyResult<W>[] {
    const actionCounts = this.#actionAntecedents(evidence)
    const asked = this.#predicates.questions.map((q) => q.id)
    return this.#properties.map((property) => {
      const q = asked.indexOf(property.id)
      if (property.kind === 'progress') this.#judgeProgress(property.id, q, evidence)
      const finding = this.#findings.get(property.id)
      const antecedent =
        q >= 0
          ? this.#antecedents[q]
          : property.kind === 'action'
            ? actionCounts[this.#actionIds.indexOf(property.id)]
            : evidence.states
      return {
        property,
        verdict: verdictOf(property, finding !== undefined, evidence),
        antecedent,
        trace: finding === undefined ? null : evidence.traceTo(finding.state, finding.step),
      }
    })
  }

  #find(id: string, state: number, step: number | null): void {
    if (!this.#findings.has(id)) this.#findings.set(id, { state, step })
  }

  #markGoal(q: number, id: number): void {
    let goals = this.#goals.get(q) as Uint8Array
    if (id >= goals.length) {
      const larger = new Uint8Array(Math.max(goals.length * 2, id + 1))
      larger.set(goals)
      goals = larger
      this.#goals.set(q, goals)
    }
    goals[id] = 1
  }

  /** Finds the first state from which no goal can be reached; says nothing about an unfinished graph. */
  #judgeProgress(id: string, q: number, { complete, states, edges }: Evidence): void {
    if (!complete || edges === null) return
    const marked = new Uint8Array(states)
    marked.set((this.#goals.get(q) as Uint8Array).subarray(0, states))
    edges.markBackwards(marked)
    const lost = marked.indexOf(0)
    if (lost >= 0) this.#find(id, lost, null)
  }

  #actionAntecedents(evidence: Evidence): number[] {
    const counts = this.#actionIds.map(() => 0)
    evidence.eachActionLeaf((leaves, leaf) => {
      this.#actionIds.forEach((_, bit) => {
        if ((leaves[leaf + LEAF.antecedent] >>> bit) & 1) counts[bit] += leaves[leaf + LEAF.fired] >>> 0
      })
    })
    return counts
  }
}

function isQuestion(p: { readonly kind: string }): boolean {
  return p.kind === 'invariant' || p.kind === 'witness' || p.kind === 'progress'
}

function verdictOf<W>(property: Property<W>, found: boolean, { complete, edges }: Evidence): Verdict {
  // Judged on the graph of labelled edges (liveness/); nothing that looks at single states may pass them.
  if (isLiveness(property)) return 'inconclusive'
  const { kind } = property
  if (kind === 'witness') return found ? 'holds' : complete ? 'violated' : 'inconclusive'
  if (found) return 'violated'
  if (kind === 'progress' && edges === null) return 'inconclusive'
  return complete ? 'holds' : 'inconclusive'
}
