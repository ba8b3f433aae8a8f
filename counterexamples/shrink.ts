import type { Property } from '../model/language/property.ts'
import type { System } from '../model/language/system.ts'
import type { Trace } from '../model/language/trace.ts'
import { contextSwitches } from './context-switches.ts'
import { QuickCheck } from './quick-check.ts'
import {
  type Candidate,
  prefixes,
  withMovedRuns,
  withOtherLoops,
  withoutChunks,
  withoutLaps,
  withoutTails,
  withRunsSorted,
} from './shrink-candidates.ts'
import type { Verifier } from './verifier.ts'

/** Whether a trace still shows the failure; decides about every candidate. */
export type StillFails = (trace: Trace) => boolean

/** The size of a trace: steps first, then context switches. */
export interface Size {
  readonly steps: number
  readonly contextSwitches: number
}

/** The size of a trace. */
export function sizeOf({ steps }: Trace): Size {
  return { steps: steps.length, contextSwitches: contextSwitches(steps) }
}

/** How much work to put in, and what to look for. */
export interface ShrinkOptions {
  /** Bound on the work, in steps of the candidates tried. */
  readonly effort?: number
  /** The trace is from a complete breadth-first search: it already has the fewest steps. */
  readonly shortest?: boolean
  /**
   * Sort runs of different threads as the system lists these, where the order does not matter, so that failures that
   * differ in nothing else become one. Shrinks lassos, too. Counterexamples of a search keep the order of the search.
   */
  readonly canonical?: boolean
}

const EFFORT = 3_000_000

/**
 * Shrinks a trace: fewer steps and, for the same number of steps, fewer context switches. Only a smaller candidate for
 * which `stillFails` is true replaces the trace, so the result fails if `trace` does, it is never larger, and shrinking
 * terminates. Deterministic. A lasso is returned unchanged unless `canonical` is set: then `stillFails` must check that
 * its loop closes and is fair.
 */
export function shrink(
  trace: Trace,
  system: System,
  stillFails: StillFails,
  { effort = EFFORT, shortest = false, canonical = false }: ShrinkOptions = {},
): Trace {
  if (trace.loopStart !== undefined && !canonical) return trace
  let best = trace
  let spent = 0
  const order = orderIn(system)
  const isSmaller = (next: Trace): boolean => {
    const by = compare(sizeOf(next), sizeOf(best))
    return by < 0 || (by === 0 && canonical && order(next, best) < 0)
  }
  const isBetter = (candidate: Candidate): boolean => {
    const next: Trace = { initial: trace.initial, ...candidate }
    if (!isSmaller(next)) return false
    spent += next.steps.length + 1
    if (!stillFails(next)) return false
    best = next
    return true
  }
  const shorter: readonly (() => Iterable<Candidate>)[] = [
    () => withOtherLoops(best),
    () => withoutLaps(best, system),
    () => withoutTails(best),
    () => withoutChunks(best),
    () => prefixes(best),
  ]
  const kinds = [
    ...(shortest ? [] : shorter),
    () => withMovedRuns(best),
    ...(canonical ? [() => withRunsSorted(best, system)] : []),
  ]
  // After each success, start over with the first kind of candidate.
  for (let kind = 0; kind < kinds.length && spent < effort; ) {
    let success = false
    for (const candidate of kinds[kind]()) {
      success = isBetter(candidate)
      if (success || spent >= effort) break
    }
    kind = success ? 0 : kind + 1
  }
  return best
}

/** Decides by running model code first, and by xstate what that finds to fail or cannot decide. */
export function quickly(system: System, property: Property<never>, verifier: Verifier): StillFails {
  const quick = new QuickCheck(system, property)
  return (trace) => quick.fails(trace) !== false && verifier.fails(trace)
}

function compare(a: Size, b: Size): number {
  return a.steps - b.steps || a.contextSwitches - b.contextSwitches
}

/** Compares by the threads of the steps, in the order in which the system lists them; the first difference decides. */
function orderIn({ threads }: System): (a: Trace, b: Trace) => number {
  const position = new Map(threads.map(({ name }, index) => [name, index]))
  return (a, b) => {
    const at = a.steps.findIndex(({ thread }, n) => thread !== b.steps[n]?.thread)
    if (at < 0) return 0
    return (position.get(a.steps[at].thread) ?? 0) - (position.get(b.steps[at]?.thread ?? '') ?? 0)
  }
}
