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
import { compiledFor } from '../composition.ts'
import { FailedLiveness } from '../failed-search.ts'
import { type PropertyResult, propertyResult } from '../result.ts'
import { namedSteps } from '../step-names.ts'
import { behindOops, type OpenReason } from '../stop-reason.ts'
import { type Explored, type ExploreOptions, exploreGraph } from './explore.ts'
import { type FairQuery, fairComponents } from './fair-components.ts'
import { constraintsOf, stepsOfThread } from './fairness.ts'
import { fairLoop, type Loop, reasonsFor } from './lasso.ts'
import { type Stem, shortestStem } from './paths.ts'
import { soloComponents, soloLoop } from './solo-cycle.ts'

/** How to evaluate liveness properties. */
export interface LivenessOptions extends ExploreOptions, CheckpointPaths {
  /** Seed of the hash functions; the result does not depend on it. */
  readonly seed?: number
  /**
   * Ids of the oopses that the same check has properties for: results name them in `upTo`. An oops that is not among
   * them makes the reason `unasked-fault`. Default: every oops.
   */
  readonly checkedFaults?: readonly string[]
  /** See SearchOptions. */
  readonly recheck?: Recheck
}

/**
 * Evaluates liveness properties on a separate graph with every state in full and every step, without reduction. So it
 * does not matter what the search for the other properties leaves out. If the graph exceeds the limits, the verdict is
 * inconclusive unless the explored part has a violation: expanded states have all their edges, so a fair cycle among
 * them is a real one.
 *
 * A violation is a lasso: a shortest stem, then a loop with what makes it fair to every thread. A behaviour that stops
 * (fairness requires none of the enabled steps) is a loop without steps in its last state. A behaviour that ends in an
 * oops neither satisfies nor violates a property, so any oops makes "holds" inconclusive.
 *
 * A property is vacuous if no state of the graph has the antecedent of a leads-to, if no state lies outside the goal
 * of a no-solo-cycle, or if there is no thread of the kind that the property is stated for.
 *
 * @throws FailedLiveness when the code of a property fails, with the results for the others; ModelError when the
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
      : { reason: behindOops(unasked), upTo: null }
  const recheckOptions = { seed, recheck }
  const failures: FailedLiveness[] = []
  const results = properties.map((property): PropertyResult => {
    try {
      return new PropertyEvaluation(system, compiled, explored, property, unknown, recheckOptions).result()
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
  // Thrown only now, so that violations of the other properties are not lost.
  if (failures.length > 0)
    throw new FailedLiveness(failures[0].message, failures[0].trace, results, { cause: failures[0] })
  return results
}

/** How to recheck recorded values. */
interface RecheckOptions {
  readonly seed: number
  readonly recheck: Recheck
}

/** Why no property can be said to hold; null if there is no such reason. */
type Unknown = Pick<PropertyResult, 'reason' | 'upTo'>

/** A violation: where it is and why it is one. */
interface Violation {
  readonly stem: Stem
  readonly loop: Loop
  readonly fairness: readonly FairnessReason[] | null
}

/** The evaluation of a property for one thread, or for the system. */
interface Evaluated {
  readonly violation: Violation | null
  /** Number of states with the antecedent, of initial states, or of states outside the goal, depending on the kind. */
  readonly antecedent: number
}

class PropertyEvaluation {
  readonly #system: System
  readonly #compiled: CompiledSystem
  readonly #explored: Explored
  readonly #property: LivenessProperty<never>
  readonly #unknown: Unknown
  readonly #recheck: RecheckOptions

  constructor(
    system: System,
    compiled: CompiledSystem,
    explored: Explored,
    property: LivenessProperty<never>,
    unknown: Unknown,
    recheck: RecheckOptions,
  ) {
    this.#recheck = recheck
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
      const evaluated = this.#evaluate(self, thread)
      antecedent += evaluated.antecedent
      if (evaluated.violation === null) continue
      const { fairness } = evaluated.violation
      return {
        ...propertyResult(property, 'violated', antecedent, this.#trace(evaluated.violation)),
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

  /** The threads that the property is stated for; one entry without a thread if it is stated for the system. */
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

  /** By state: 1 if a predicate holds. */
  #where(predicate: StatePredicate<never>, self: number, part: Part): Uint8Array {
    const { store } = this.#explored
    const forThread: Predicate = {
      id: this.#property.id,
      holds: (world: never, at: Counters) => predicate(world, at, self),
      part,
    }
    const { seed, recheck } = this.#recheck
    const predicates = new Predicates(this.#system, [forThread], recheck)
    const result = new Uint8Array(store.count)
    let s = 0
    try {
      for (; s < result.length; s++) {
        const words = store.chunks[s >>> VectorStore.chunkBits]
        const value = predicates.evaluate(0, words, (s & VectorStore.chunkMask) * store.words)
        result[s] = value === PREDICATE_VALUE.holds ? 1 : 0
      }
      predicates.recheck(seed)
    } catch (error) {
      if (!(error instanceof ModelError)) throw error
      throw new FailedLiveness(error.message, this.#traceToState(s), [], { cause: error })
    }
    return result
  }

  /** A shortest trace to a state. */
  #traceToState(state: number): Trace {
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
