import type { System } from '../model/language/system.ts'
import type { Trace, TraceStep } from '../model/language/trace.ts'
import { contextSwitches } from './context-switches.ts'

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

/** How much work to put in. */
export interface ShrinkOptions {
  /** Bound on the work, in steps of the candidates tried. */
  readonly effort?: number
  /** The trace is from a complete breadth-first search: it already has the fewest steps. */
  readonly shortest?: boolean
}

const EFFORT = 3_000_000

/**
 * Shrinks a finite trace: fewer steps and, for the same number of steps, fewer context switches. Only a smaller
 * candidate for which `stillFails` is true replaces the trace, so the result fails if `trace` does, it is never larger,
 * and shrinking terminates. Deterministic. A lasso is returned unchanged: what may be cut from a loop depends on
 * fairness.
 */
export function shrink(
  trace: Trace,
  system: System,
  stillFails: StillFails,
  { effort = EFFORT, shortest = false }: ShrinkOptions = {},
): Trace {
  if (trace.loopStart !== undefined) return trace
  let best = trace
  let spent = 0
  const isBetter = (steps: readonly TraceStep[]): boolean => {
    const next = { initial: trace.initial, steps }
    if (compare(sizeOf(next), sizeOf(best)) >= 0) return false
    spent += steps.length + 1
    if (!stillFails(next)) return false
    best = next
    return true
  }
  const shorter: readonly (() => Iterable<readonly TraceStep[]>)[] = [
    () => withoutLaps(best.steps, system),
    () => withoutTails(best.steps),
    () => withoutChunks(best.steps),
    () => prefixes(best.steps),
  ]
  const kinds = [...(shortest ? [] : shorter), () => withMovedRuns(best.steps)]
  // After each success, start over with the first kind of candidate.
  for (let kind = 0; kind < kinds.length && spent < effort; ) {
    let success = false
    for (const steps of kinds[kind]()) {
      success = isBetter(steps)
      if (success || spent >= effort) break
    }
    kind = success ? 0 : kind + 1
  }
  return best
}

function compare(a: Size, b: Size): number {
  return a.steps - b.steps || a.contextSwitches - b.contextSwitches
}

/** The trace up to an earlier step, shortest first. */
function* prefixes(steps: readonly TraceStep[]): Iterable<readonly TraceStep[]> {
  for (let n = 0; n < steps.length; n++) yield steps.slice(0, n)
}

/** The trace without a chunk of consecutive steps, largest chunks first (delta debugging; Zeller 2002). */
function* withoutChunks(steps: readonly TraceStep[]): Iterable<readonly TraceStep[]> {
  for (let size = Math.ceil(steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < steps.length; from += size) yield steps.toSpliced(from, size)
  }
}

/** The trace with one thread stopped early or never started. */
function* withoutTails(steps: readonly TraceStep[]): Iterable<readonly TraceStep[]> {
  for (const thread of threadsOf(steps)) {
    const own = steps.flatMap((s, i) => (s.thread === thread ? [i] : []))
    for (const from of own) yield steps.filter((s, i) => s.thread !== thread || i < from)
  }
}

/** The trace without one thread's steps between two visits of the same program counter, longest first. */
function* withoutLaps(steps: readonly TraceStep[], { threads }: System): Iterable<readonly TraceStep[]> {
  for (const thread of threadsOf(steps)) {
    const flow = threads.find((t) => t.name === thread)?.flow
    const at = new Map(flow?.steps.map((s) => [s.path, s.at]))
    const own = steps.flatMap((s, i) => (s.thread === thread ? [i] : []))
    for (let length = own.length - 1; length >= 1; length--) {
      for (let from = 0; from + length < own.length; from++) {
        if (at.get(steps[own[from]].step) !== at.get(steps[own[from + length]].step)) continue
        const lap = new Set(own.slice(from, from + length))
        yield steps.filter((_, i) => !lap.has(i))
      }
    }
  }
}

/**
 * The same steps with fewer context switches: a run of one thread joins that thread's previous or next run, whole or
 * split in two.
 */
function* withMovedRuns(steps: readonly TraceStep[]): Iterable<readonly TraceStep[]> {
  const runs = runsOf(steps)
  for (let r = 0; r < runs.length; r++) {
    const [{ thread }] = runs[r]
    const earlier = runs.findLastIndex((run, i) => i < r && run[0].thread === thread)
    const later = runs.findIndex((run, i) => i > r && run[0].thread === thread)
    if (earlier >= 0) yield moved(runs, r, earlier, r)
    if (later >= 0) yield moved(runs, r, r, later)
    if (earlier >= 0 && later >= 0) {
      for (let cut = 1; cut < runs[r].length; cut++) yield moved(runs, r, earlier, later, cut)
    }
    // Moved to the beginning or the end, so that the runs around it can join.
    yield [...runs[r], ...runs.toSpliced(r, 1).flat()]
    yield [...runs.toSpliced(r, 1).flat(), ...runs[r]]
  }
}

/** Run `r` joins run `earlier` or `later`; with `cut`, the first steps join `earlier` and the rest `later`. */
function moved(
  runs: readonly (readonly TraceStep[])[],
  r: number,
  earlier: number,
  later: number,
  cut = earlier === r ? 0 : runs[r].length,
): TraceStep[] {
  const [head, tail] = [runs[r].slice(0, cut), runs[r].slice(cut)]
  return runs.flatMap((run, i) => {
    if (i === r) return []
    return [...(i === later && tail.length > 0 ? tail : []), ...run, ...(i === earlier ? head : [])]
  })
}

function threadsOf(steps: readonly TraceStep[]): string[] {
  return [...new Set(steps.map((s) => s.thread))].sort()
}

/** Maximal runs of consecutive steps of one thread. */
function runsOf(steps: readonly TraceStep[]): TraceStep[][] {
  const runs: TraceStep[][] = []
  for (const step of steps) {
    const last = runs.at(-1)
    if (last !== undefined && last[0].thread === step.thread) last.push(step)
    else runs.push([step])
  }
  return runs
}
