import { ModelError } from '../../model/language/errors.ts'
import { isLiveness, type Property } from '../../model/language/property.ts'
import type { Trace } from '../../model/language/trace.ts'
import type { JoinedGraph } from './parallel/joined-graph.ts'
import { type PropertyResult, propertyResult, type Verdict } from './result.ts'
import type { StateGraph } from './state-graph.ts'

/** What the verdicts depend on besides the findings. */
export interface Decided {
  readonly complete: boolean
  readonly states: number
  /** The edges on which always-possible properties were decided; null if there are none. */
  readonly stateGraph: StateGraph | JoinedGraph | null
}

/** Whether a property is a predicate on single states. */
export function isStatePredicate(p: { readonly kind: string }): boolean {
  return p.kind === 'invariant' || p.kind === 'witness' || p.kind === 'progress'
}

/** @throws ModelError for an oops named after a property of another kind: it would decide that property. */
export function checkFault(properties: readonly Property<never>[], fault: string): void {
  const other = properties.find(({ id, kind }) => id === fault && kind !== 'fault')
  if (other !== undefined)
    throw new ModelError(`a step throws the fault ${fault}, but ${fault} is a property of kind ${other.kind}`)
}

/**
 * The verdicts on properties, in their order. Behaviours end at an oops: if one occurs, only findings are certain, and
 * all other properties are inconclusive up to the oops.
 * @param antecedents how often the antecedent of each was true; 0 in a complete search makes it vacuous.
 * @param traces to the findings, by id, null if the trace is not known. A property that is not among them was not
 * decided by a state or step.
 */
export function resultsOf(
  properties: readonly Property<never>[],
  antecedents: readonly number[],
  traces: ReadonlyMap<string, Trace | null>,
  evidence: Decided,
): PropertyResult[] {
  const upTo = properties.find(({ id, kind }) => kind === 'fault' && traces.has(id))?.id
  return properties.map((property, n) => {
    const { id, kind } = property
    const trace = traces.get(id) ?? null
    const isFound = traces.has(id)
    const antecedent = kind === 'action' || isStatePredicate(property) ? antecedents[n] : evidence.states
    const verdict = verdictOf(property, isFound, antecedent, evidence)
    // Liveness is evaluated separately, and considers oopses itself.
    const ends = upTo !== undefined && !isFound && evidence.complete && !isLiveness(property)
    const needsEdges = kind === 'progress' && !isFound && evidence.complete && evidence.stateGraph === null
    return {
      ...propertyResult(property, ends ? 'inconclusive' : verdict, antecedent, trace),
      reason: needsEdges ? NEEDS_EDGES : isFound && trace === null ? NO_TRACE : null,
      upTo: ends && !needsEdges ? upTo : null,
    }
  })
}

const NEEDS_EDGES = { kind: 'needs-exact-storage', of: 'progress' } as const

const NO_TRACE = { kind: 'no-trace' } as const

function verdictOf(
  property: Property<never>,
  found: boolean,
  antecedent: number,
  { complete, stateGraph }: Decided,
): Verdict {
  // Decided on the graph of labelled edges (liveness/): no evaluation of single states may say that it holds.
  if (isLiveness(property)) return 'inconclusive'
  const { kind } = property
  if (found) return kind === 'witness' ? 'reached' : 'violated'
  // The antecedent may be true in a state that was not visited.
  if (!complete || (kind === 'progress' && stateGraph === null)) return 'inconclusive'
  if (kind === 'witness') return 'not-reached'
  return antecedent === 0 ? 'vacuous' : 'holds'
}
