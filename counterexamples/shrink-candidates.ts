import type { System } from '../model/language/system.ts'
import type { Trace, TraceStep } from '../model/language/trace.ts'

/** A behaviour to try instead of another. */
export type Candidate = Pick<Trace, 'steps' | 'loopStart'>

/** Of a finite trace: the trace up to an earlier step, shortest first. */
export function* prefixes({ steps, loopStart }: Trace): Iterable<Candidate> {
  if (loopStart === undefined) for (let n = 0; n < steps.length; n++) yield { steps: steps.slice(0, n) }
}

/** The trace without a chunk of consecutive steps, largest chunks first (delta debugging; Zeller 2002). */
export function* withoutChunks(trace: Trace): Iterable<Candidate> {
  const { length } = trace.steps
  for (let size = Math.ceil(length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < length; from += size) yield without(trace, (i) => i >= from && i < from + size)
  }
}

/** The trace with one thread stopped early or never started. */
export function* withoutTails(trace: Trace): Iterable<Candidate> {
  for (const thread of threadsOf(trace.steps)) {
    const own = trace.steps.flatMap((s, i) => (s.thread === thread ? [i] : []))
    for (const from of own) yield without(trace, (i) => i >= from && trace.steps[i].thread === thread)
  }
}

/** The trace without one thread's steps between two visits of the same program counter, longest first. */
export function* withoutLaps(trace: Trace, { threads }: System): Iterable<Candidate> {
  const { steps } = trace
  for (const thread of threadsOf(steps)) {
    const flow = threads.find((t) => t.name === thread)?.flow
    const at = new Map(flow?.steps.map((s) => [s.path, s.at]))
    const own = steps.flatMap((s, i) => (s.thread === thread ? [i] : []))
    for (let length = own.length - 1; length >= 1; length--) {
      for (let from = 0; from + length < own.length; from++) {
        if (at.get(steps[own[from]].step) !== at.get(steps[own[from + length]].step)) continue
        const lap = new Set(own.slice(from, from + length))
        yield without(trace, (i) => lap.has(i))
      }
    }
  }
}

/** Of a lasso: the same behaviour with the loop entered earlier, or the loop alone and once, or no loop at all. */
export function* withOtherLoops({ steps, loopStart }: Trace): Iterable<Candidate> {
  if (loopStart === undefined) return
  for (let n = 0; n < steps.length; n++) yield { steps: steps.slice(0, n), loopStart: n }
  for (let end = loopStart + 1; end < steps.length; end++)
    for (let start = 0; start < end; start++) yield { steps: steps.slice(0, end), loopStart: start }
}

/** The trace without the steps that `isDropped` says; a lasso keeps its place where the loop begins. */
function without({ steps, loopStart }: Trace, isDropped: (index: number) => boolean): Candidate {
  const kept = steps.filter((_, i) => !isDropped(i))
  if (loopStart === undefined) return { steps: kept }
  const before = steps.slice(0, loopStart).filter((_, i) => !isDropped(i)).length
  return { steps: kept, loopStart: before }
}

/**
 * The same steps with fewer context switches: a run of one thread joins that thread's previous or next run, whole or
 * split in two. Steps do not cross the beginning of a loop.
 */
export function* withMovedRuns({ steps, loopStart }: Trace): Iterable<Candidate> {
  if (loopStart === undefined) {
    for (const moved of movedRuns(steps)) yield { steps: moved }
    return
  }
  const [stem, loop] = [steps.slice(0, loopStart), steps.slice(loopStart)]
  for (const moved of movedRuns(stem)) yield { steps: [...moved, ...loop], loopStart }
  for (const moved of movedRuns(loop)) yield { steps: [...stem, ...moved], loopStart }
}

function* movedRuns(steps: readonly TraceStep[]): Iterable<readonly TraceStep[]> {
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

/** Two neighbouring runs in the other order, where the second is of a thread that the system lists first. */
export function* withRunsSorted({ steps, loopStart }: Trace, { threads }: System): Iterable<Candidate> {
  const position = new Map(threads.map(({ name }, index) => [name, index]))
  const placeOf = ([{ thread }]: readonly TraceStep[]): number => position.get(thread) ?? 0
  const sorted = function* (part: readonly TraceStep[]): Iterable<readonly TraceStep[]> {
    const runs = runsOf(part)
    for (let r = 1; r < runs.length; r++) {
      if (placeOf(runs[r]) < placeOf(runs[r - 1])) yield runs.toSpliced(r - 1, 2, runs[r], runs[r - 1]).flat()
    }
  }
  if (loopStart === undefined) for (const part of sorted(steps)) yield { steps: part }
  else {
    const [stem, loop] = [steps.slice(0, loopStart), steps.slice(loopStart)]
    for (const part of sorted(stem)) yield { steps: [...part, ...loop], loopStart }
    for (const part of sorted(loop)) yield { steps: [...stem, ...part], loopStart }
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
