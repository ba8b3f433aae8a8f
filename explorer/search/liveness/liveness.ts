import { match, P } from 'ts-pattern'
import { checkProperties } from '../../../model/language/check-properties.ts'
import { ModelError } from '../../../model/language/errors.ts'
import {
  type LivenessProperty,
  type StatePredicate,
  WEAK_FAIRNESS,
} from '../../../model/language/property.ts'
import type { Counters, System } from '../../../model/language/system.ts'
import type { FairnessReason, Trace, TraceStep } from '../../../model/language/trace.ts'
import type { CheckpointPaths } from '../../checkpoint/checkpoint-paths.ts'
import { GraphCheckpoint } from '../../checkpoint/graph-checkpoint.ts'
import { RecordingLog } from '../../checkpoint/recording-log.ts'
import type { CompiledSystem } from '../../compile/compiled-system.ts'
import type { Part } from '../../compile/model-code-errors.ts'
import { PREDICATE_VALUE, type Predicate, Predicates } from '../../compile/predicates.ts'
import type { Recheck } from '../../compile/samples.ts'
import { VectorStore } from '../../state/vector-store.ts'
import { FailedLiveness } from '../failed-search.ts'
import { compiledFor } from '../model-code.ts'
import { type PropertyResult, propertyResult } from '../result.ts'
import { namedSteps } from '../step-names.ts'
import type { OpenReason } from '../stop-reason.ts'
import { type Explored, type ExploreOptions, exploreGraph } from './explore.ts'
import { type FairQuery, fairComponents } from './fair-components.ts'
import { constraintsOf, stepsOfThread } from './fairness.ts'
import { fairLoop, type Loop, reasonsFor } from './lasso.ts'
import { type Stem, shortestStem } from './paths.ts'
import { soloComponents, soloLoop } from './solo-cycle.ts'

/** How to judge. */
export interface LivenessOptions extends ExploreOptions, CheckpointPaths {
  /** Seed of the hash functions; the result does not depend on it. */
  readonly seed?: number
  /**
   * The faults that are judged beside, by id; the verdicts name these as what they know behaviours up to.
   * Default: every fault.
   */
  readonly checkedFaults?: readonly string[]
  /** See SearchOptions. */
  readonly recheck?: Recheck
}

/**
 * Judges properties of whole behaviours on a graph of its own: every state and every step, each state kept
 * in full, nothing reduced. So it does not matter what the search for the other properties leaves out, and
 * where the graph does not fit the limits the verdict is "inconclusive", unless a violation lies in the part
 * that was explored: its states have all their edges, so a fair cycle among them is a real one.
 *
 * A violation is a lasso: a shortest stem, then a loop that contains what makes it fair to every thread. A
 * behaviour that stops (nothing enabled that fairness protects) is a loop of no steps in its last state. A
 * behaviour that ends in a fault is neither good nor bad: one anywhere makes "holds" inconclusive.
 *
 * Vacuous is what had nothing to judge in the whole graph: no state with the antecedent of a leads-to, no state
 * outside the goal of a no-solo-cycle, no thread of the kind that a property is judged for.
 *
 * @throws FailedLiveness when the code of a property fails, with the verdicts on the others; ModelError when the
 *   model is wrong; CheckpointError when a checkpoint cannot be used.
 */
export function evaluateLiveness<W>(
  system: System<W>,
  properties: readonly LivenessProperty<W>[],
  options: LivenessOptions = {},
): PropertyResult[] {
  checkProperties(system, properties)
  const { seed = 1, checkpoint, resume, recheck = 'sample' } = options
  const log = checkpoint === undefined && resume === undefined ? null : new RecordingLog(system)
  const hooks = log === null ? {} : { onRecord: log.onRecord }
  const compiled = compiledFor(system, [], { seed, recheck, ...hooks })
  const left = log === null ? null : new GraphCheckpoint(compiled, seed, options, log)
  const explored = exploreGraph(compiled, options, left)
  const { checkedFaults } = options
  const [fault] = compiled.faults.map((f) => f.property)
  const unasked = compiled.faults.find(
    ({ property }) => checkedFaults?.includes(property) === false,
  )?.property
  const unknown: Unknown =
    unasked === undefined
      ? { reason: null, upTo: fault ?? null }
      : { reason: { kind: 'unasked-fault', fault: unasked }, upTo: null }
  const again = { seed, recheck }
  const failures: FailedLiveness[] = []
  const results = properties.map((property): PropertyResult => {
    try {
      return new PropertyEvaluation(system, compiled, explored, property, unknown, again).result()
    } catch (error) {
      if (!(error instanceof FailedLiveness)) throw error
      failures.push(error)
      const reason: OpenReason = { kind: 'model-error', message: error.message }
      return { ...propertyResult(property, 'inconclusive'), reason }
    }
  })
  try {
    compiled.recheck(seed)
  } catch (error) {
    if (!(error instanceof ModelError)) throw error
    failures.push(new FailedLiveness(error.message, null, []))
  }
  // The others are judged all the same: a violation is not lost.
  if (failures.length > 0)
    throw new FailedLiveness(failures[0].message, failures[0].trace, results, { cause: failures[0] })
  return results
}

/** How recorded answers are asked for again. */
interface Again {
  readonly seed: number
  readonly recheck: Recheck
}

/** Why "holds" cannot be said of any property, if so. */
type Unknown = Pick<PropertyResult, 'reason' | 'upTo'>

/** A violation: where it is and why it is one. */
interface Violation {
  readonly stem: Stem
  readonly loop: Loop
  readonly fairness: readonly FairnessReason[] | null
}

/** What was found about a property for one thread, or for the system. */
interface Evaluated {
  readonly violation: Violation | null
  /** States to start from: with the antecedent, initial ones, or those outside the goal. */
  readonly antecedent: number
}

class PropertyEvaluation {
  readonly #system: System
  readonly #compiled: CompiledSystem
  readonly #explored: Explored
  readonly #property: LivenessProperty<never>
  readonly #unknown: Unknown
  readonly #again: Again

  constructor(
    system: System,
    compiled: CompiledSystem,
    explored: Explored,
    property: LivenessProperty<never>,
    unknown: Unknown,
    again: Again,
  ) {
    this.#again = again
    this.#unknown = unknown
    this.#system = system
    this.#compiled = compiled
    this.#explored = explored
    this.#property = property
  }

  result(): PropertyResult {
    const property = this.#property
    let antecedent = 0
    for (const { self, thread } of this.#models()) {
      const finding = this.#evaluate(self, thread)
      antecedent += finding.antecedent
      if (finding.violation === null) continue
      const { fairness } = finding.violation
      return {
        ...propertyResult(property, 'violated', antecedent, this.#trace(finding.violation)),
        subject: property.each === undefined ? null : this.#system.threads[thread].name,
        fairness,
      }
    }
    const { stopped } = this.#explored
    const unknown: Unknown = stopped === null ? this.#unknown : { reason: stopped, upTo: null }
    const isKnown = unknown.reason === null && unknown.upTo === null
    const verdict = !isKnown ? 'inconclusive' : antecedent === 0 ? 'vacuous' : 'holds'
    return { ...propertyResult(property, verdict, antecedent), ...unknown }
  }

  /** The threads a property is judged for, one by one. */
  #models(): { readonly self: number; readonly thread: number }[] {
    const { each } = this.#property
    if (each === undefined) return [{ self: 0, thread: -1 }]
    return this.#system.threads.flatMap((t, thread) =>
      t.program.kind === each ? [{ self: t.self, thread }] : [],
    )
  }

  #evaluate(self: number, thread: number): Evaluated {
    const { graph } = this.#explored
    const property = this.#property
    const goal = this.#where(property.goal, self, 'goal')
    const notGoal = goal.map((g) => 1 - g)
    const everywhere = new Uint8Array(graph.states).fill(1)
    return match(property as LivenessProperty<never>)
      .with({ kind: 'no-solo-cycle' }, () => this.#solo(notGoal, thread))
      .with({ kind: 'leads-to' }, ({ given }) => {
        const antecedent = this.#where(given as StatePredicate<never>, self, 'given')
        return { ...this.#fair(notGoal, null, antecedent), antecedent: antecedent.reduce((n, g) => n + g, 0) }
      })
      .with({ kind: 'eventually' }, () => ({
        ...this.#fair(notGoal, null, null),
        antecedent: graph.initial.length,
      }))
      .with({ kind: 'eventually-always' }, () => ({
        ...this.#fair(everywhere, notGoal, null),
        antecedent: graph.initial.length,
      }))
      .exhaustive()
  }

  #fair(
    allowed: Uint8Array,
    again: Uint8Array | null,
    waits: Uint8Array | null,
  ): Omit<Evaluated, 'antecedent'> {
    const { graph } = this.#explored
    const declared = match(this.#property)
      .with({ kind: 'no-solo-cycle' }, () => [])
      .with({ fairness: P.nonNullable }, ({ fairness }) => fairness)
      .otherwise(() => WEAK_FAIRNESS)
    const query: FairQuery = { allowed, again, constraints: constraintsOf(this.#compiled, declared) }
    const component = fairComponents(graph, query)
    const stem = component.some((c) => c >= 0)
      ? shortestStem(graph, { waits, allowed, ends: (s) => component[s] >= 0 })
      : null
    if (stem === null) return { violation: null }
    const loop = fairLoop(graph, query, component, stem.state)
    const fairness = reasonsFor(graph, query.constraints, loop, stem.steps.length)
    return { violation: { stem, loop, fairness } }
  }

  #solo(allowed: Uint8Array, thread: number): Evaluated {
    const { graph } = this.#explored
    const own = stepsOfThread(this.#compiled, thread)
    const antecedent = allowed.reduce((n, a) => n + a, 0)
    const component = soloComponents(graph, allowed, own)
    if (!component.some((c) => c >= 0)) return { violation: null, antecedent }
    const everywhere = new Uint8Array(graph.states).fill(1)
    const stem = shortestStem(graph, {
      waits: null,
      allowed: everywhere,
      ends: (s) => component[s] >= 0,
    })
    if (stem === null) throw new Error('a state of the graph is not reachable')
    const loop = soloLoop(graph, own, component, stem.state)
    return { violation: { stem, loop, fairness: null }, antecedent }
  }

  /** By state: 1 where a situation holds. */
  #where(situation: StatePredicate<never>, self: number, part: Part): Uint8Array {
    const { store } = this.#explored
    const question: Predicate = {
      id: this.#property.id,
      holds: (world: never, at: Counters) => situation(world, at, self),
      part,
    }
    const { seed, recheck } = this.#again
    const predicates = new Predicates(this.#system, [question], recheck)
    const result = new Uint8Array(store.count)
    let s = 0
    try {
      for (; s < result.length; s++) {
        const words = store.chunks[s >>> VectorStore.chunkBits]
        const answer = predicates.evaluate(0, words, (s & VectorStore.chunkMask) * store.words)
        result[s] = answer === PREDICATE_VALUE.holds ? 1 : 0
      }
      predicates.recheck(seed)
    } catch (error) {
      if (!(error instanceof ModelError)) throw error
      throw new FailedLiveness(error.message, this.#traceTo(s), [], { cause: error })
    }
    return result
  }

  /** A shortest way to a state. */
  #traceTo(state: number): Trace {
    const { graph } = this.#explored
    const everywhere = new Uint8Array(graph.states).fill(1)
    const stem = shortestStem(graph, { waits: null, allowed: everywhere, ends: (s) => s === state })
    if (stem === null) throw new Error('a state of the graph is not reachable')
    return { initial: stem.initial, steps: this.#named(stem.steps) }
  }

  #trace({ stem, loop }: Violation): Trace {
    const { graph } = this.#explored
    const steps = [...stem.steps, ...loop.edges.map((e) => graph.labels[e])]
    return { initial: stem.initial, steps: this.#named(steps), loopStart: stem.steps.length }
  }

  #named(steps: readonly number[]): TraceStep[] {
    return namedSteps(this.#system, this.#compiled.steps, steps)
  }
}
