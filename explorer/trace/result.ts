import type { HarnessStep } from '../../model/language/observation.ts'
import { rejectionOf } from './explain.ts'
import type { Follower } from './follower.ts'
import type { Rejection } from './rejection.ts'
import type { Plan } from './windows.ts'

/** Why following a log came to no verdict. */
export type OpenReason =
  /** More candidates than allowed, before the observation in this line. */
  | { readonly kind: 'frontier'; readonly candidates: number; readonly line: number }
  /** There is no observation in the log. */
  | { readonly kind: 'nothing-observed' }

export type TraceVerdict =
  | { readonly kind: 'followed' }
  | { readonly kind: 'rejected'; readonly rejection: Rejection }
  | { readonly kind: 'inconclusive'; readonly reason: OpenReason }

/** How often a case of a step was taken, by all threads of a kind. */
export interface StepCount {
  readonly kind: string
  readonly step: string
  readonly case: number
  readonly taken: number
}

export interface HarnessCount {
  readonly harness: HarnessStep
  readonly taken: number
}

/** What came of following a log. */
export interface FollowResult {
  readonly verdict: TraceVerdict
  /** Observations agreed with. */
  readonly observations: number
  /** Largest set before an observation, and the average. */
  readonly candidates: { readonly largest: number; readonly average: number }
  /**
   * How often each case of each step was taken, in the order of the programs, on one behaviour that agrees with the log
   * as far as it was followed. Other behaviours may agree as well.
   */
  readonly steps: readonly StepCount[]
  readonly harness: readonly HarnessCount[]
}

/**
 * The result of a follower to which the whole log was pushed, or as much as it wanted.
 * @throws Error when the log was shorter than its plan.
 */
export function resultOf(follower: Follower, plan: Plan, harness: readonly HarnessStep[] = []): FollowResult {
  const { observed, largest, total, candidates } = follower
  const measured = observed + (follower.standing === 'rejected' ? 1 : 0)
  return {
    verdict: verdictOf(follower, plan),
    observations: observed,
    candidates: { largest: Math.max(largest, candidates.liveCount), average: total / Math.max(1, measured) },
    ...countsOf(follower, harness),
  }
}

function verdictOf(follower: Follower, plan: Plan): TraceVerdict {
  if (plan.observations === 0) return { kind: 'inconclusive', reason: { kind: 'nothing-observed' } }
  if (follower.observed === plan.observations) return { kind: 'followed' }
  const next = follower.next?.observation
  if (follower.standing === 'rejected') return { kind: 'rejected', rejection: rejectionOf(follower) }
  if (follower.standing === 'following' || next === undefined)
    throw new Error(
      `the log had ${plan.observations} observations when it was read the first time, and has fewer now`,
    )
  const { liveCount } = follower.candidates
  return { kind: 'inconclusive', reason: { kind: 'frontier', candidates: liveCount, line: next.line } }
}

function countsOf(
  { traced, history, candidates }: Follower,
  harness: readonly HarnessStep[],
): Pick<FollowResult, 'steps' | 'harness'> {
  const taken = history.counts(candidates.node[candidates.live[0]])
  const counts = new Map<string, { kind: string; step: string; case: number; taken: number }>()
  const ofHarness = new Float64Array(harness.length)
  for (const [a, { thread, step, case: index }] of traced.alternatives.entries()) {
    const { kind } = traced.system.threads[thread].program
    const { path } = traced.compiled.steps[step]
    const key = `${kind} ${index} ${path}`
    const count = counts.get(key) ?? { kind, step: path, case: index, taken: 0 }
    count.taken += taken[a]
    counts.set(key, count)
    if (traced.harness[a] >= 0) ofHarness[traced.harness[a]] += taken[a]
  }
  return {
    steps: [...counts.values()],
    harness: harness.map((h, n) => ({ harness: h, taken: ofHarness[n] })),
  }
}
