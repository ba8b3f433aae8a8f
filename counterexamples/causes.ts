import type { LocatedStep } from '../model/language/machine.ts'
import { isLiveness } from '../model/language/property.ts'
import { Reference } from '../model/language/reference.ts'
import type { History } from './history.ts'
import { loopStates } from './lasso.ts'
import { Observer } from './observer.ts'
import { chooseRaces } from './races.ts'
import type { Replayed, ReplayedStep } from './replay.ts'
import { chooseReread, type Reread } from './rereads.ts'
import type { Race } from './simulation.ts'
import { undoneWrites } from './undone-writes.ts'
import { stepView, stuckThreads, Verifier } from './verifier.ts'

/** Why a trace ends in its violation, computed from what its steps read and wrote. */
export interface Causes {
  /** Fields that the property read when it failed, without program counters. */
  readonly judged: readonly number[]
  /** By field, the last write without which the property would not have failed. */
  readonly decisive: ReadonlyMap<number, number>
  /**
   * Steps that put a thread where the property would not have failed had the thread not got there: the property reads
   * its program counter. The last step of the trace is not among them.
   */
  readonly positions: readonly number[]
  /** Steps that are always shown: without one of them the trace ends elsewhere, or does not fail. */
  readonly needed: ReadonlySet<number>
  readonly races: readonly Race[]
  /** The read that the design repeats, where the failure comes from the other value that it finds; null otherwise. */
  readonly reread: Reread | null
  /** By decisive field, the write of another thread that its decisive write undid. */
  readonly undone: ReadonlyMap<number, number>
  /** Fields written by one thread and read by another one later. */
  readonly communicated: ReadonlySet<number>
  /** Steps that the design changed: one of several in a row, and the last of many. */
  readonly changedByDesign: readonly number[]
  /** Steps that the design dropped on the path of the trace; of many only the last. */
  readonly dropped: readonly Dropped[]
  /** By step, or by the place after one (`afterStep`), the letter (`A`, `B`) by which the explanation refers to it. */
  readonly labels: ReadonlyMap<number, string>
}

/** A step that the design has dropped, at a place where the trace would have taken it. */
export interface Dropped {
  /** The step of the trace after which it is missing. */
  readonly after: number
  readonly located: LocatedStep<never>
}

/** The key in `labels` of what is missing after a step. */
export const afterStep = (step: number): number => step + 0.5

/** Most steps that get a letter; a reader cannot follow more. */
const MOST_LABELS = 6

/** Most of them that are steps of the design. */
const MOST_CHANGED = 3

/** Explains a replayed trace. */
export function causesOf(replayed: Replayed): Causes {
  const { system, steps, states } = replayed
  const observer = new Observer(system)
  const counters = new Set(system.threads.map(({ counter }) => counter.index))
  const reads = steps.map(({ thread, located, index }) => {
    const watched = observer.step(states[index], located, thread.self)
    return new Set([...watched.reads].filter((f) => !counters.has(f)))
  })
  const changed = steps.map(({ changes }) => new Set(changes.flatMap((c) => c.fields)))
  const read = judgedFields(replayed, observer)
  const judged = [...read].filter((f) => !counters.has(f)).sort((a, b) => a - b)
  const decisive = decisiveChanges(replayed, observer, judged, changed)
  const history = { replayed, reads, changed }
  const races = chooseRaces(history, new Set(decisive.keys()))
  const changedByDesign = stepsOfDesign(replayed)
  const dropped = stepsDropped(replayed)
  const positions = decisivePositions(replayed, observer, read)
  const reread = races.length > 0 ? null : chooseReread(history, changedByDesign)
  const undone = undoneWrites(history, decisive)
  return {
    judged,
    decisive,
    positions,
    needed: neededSteps(replayed),
    races,
    reread,
    undone,
    communicated: communicatedFields(history),
    changedByDesign,
    dropped,
    labels: labelsFor(steps.length, [
      ...changedByDesign,
      ...dropped.map(({ after }) => afterStep(after)),
      ...races.flatMap(({ read, write }) => [read, write]),
      ...(reread === null ? [] : [reread.first, reread.write]),
      ...latestFirst([...decisive.values(), ...positions]),
      ...latestFirst([...undone.values()]),
    ]),
  }
}

/** Fields read by the evaluation of the property that failed. */
function judgedFields(replayed: Replayed, observer: Observer): ReadonlySet<number> {
  const { property, states, steps, system } = replayed
  const last = states[states.length - 1]
  if (isLiveness(property)) {
    const fields = new Set<number>()
    for (const { self } of system.threads.filter(
      (t) => property.each === undefined || t.program.kind === property.each,
    )) {
      for (const state of loopStates({ states, trace: replayedTrace(replayed) })) {
        for (const f of observer.state(state, (w, at) => property.goal(w, at, self)).reads) fields.add(f)
      }
    }
    return fields
  }
  switch (property.kind) {
    case 'invariant':
      return observer.state(last, (w, at) => (property.given?.(w, at) ?? true) && property.holds(w, at)).reads
    case 'witness':
      return observer.state(last, property.seen).reads
    case 'progress':
      return observer.state(last, property.goal).reads
    case 'action': {
      const { thread, located } = steps[steps.length - 1]
      const view = stepView(system, { thread: thread.name, step: located.path })
      const { readsBefore, readsAfter } = observer.pair(states[states.length - 2], last, (before, after) =>
        property.given?.(before, view, after) === false ? true : property.holds(before, view, after),
      )
      return new Set([...readsBefore, ...readsAfter])
    }
    case 'fault': {
      const { thread, located } = steps[steps.length - 1]
      return observer.step(last, located, thread.self).reads
    }
    case 'deadlock':
      return new Set(
        stuckThreads(system, last).flatMap((index) => {
          const { flow, counter, self } = system.threads[index]
          const at = flow.counters[last[counter.index]]
          return flow.steps.filter((s) => s.at === at).flatMap((s) => [...observer.step(last, s, self).reads])
        }),
      )
  }
}

const replayedTrace = ({ counterexample: { initial, steps, loopStart } }: Replayed) =>
  loopStart === null ? { initial, steps } : { initial, steps, loopStart }

/**
 * The last write to every decisive field: with the value from before that write, the property would not fail at the
 * end. If no single field is decisive, every field that was changed and that the property read counts.
 */
function decisiveChanges(
  replayed: Replayed,
  observer: Observer,
  judged: readonly number[],
  changed: readonly ReadonlySet<number>[],
): Map<number, number> {
  const lastChange = new Map<number, number>()
  changed.forEach((fields, index) => {
    for (const f of fields) lastChange.set(f, index)
  })
  const candidates = judged.flatMap((f): [number, number][] => {
    const index = lastChange.get(f)
    return index === undefined ? [] : [[f, index]]
  })
  const deciding = candidates.filter(([f, index]) => isDecisive(replayed, observer, f, index))
  return new Map(deciding.length > 0 ? deciding : candidates)
}

/** Whether the property would not fail if the field had the value from before this step. */
function isDecisive(replayed: Replayed, observer: Observer, field: number, step: number): boolean {
  try {
    return failsWith(replayed, observer, field, replayed.states[step][field]) === false
  } catch {
    // The property may throw in a state that cannot occur; then this field is not known to be decisive.
    return false
  }
}

/** The last steps of other threads whose program counters are decisive. */
function decisivePositions(replayed: Replayed, observer: Observer, read: ReadonlySet<number>): number[] {
  const { system, steps } = replayed
  return system.threads.flatMap((thread) => {
    const last = steps.findLastIndex((step) => step.thread === thread)
    if (last < 0 || last === steps.length - 1 || !read.has(thread.counter.index)) return []
    return isDecisive(replayed, observer, thread.counter.index, last) ? [last] : []
  })
}

/**
 * The last step of every thread, and every step that can be omitted from the trace but not from the failure. After an
 * omission the thread must still be where its next step is, so few steps need a replay.
 */
function neededSteps({ system, property, steps, counterexample }: Replayed): Set<number> {
  const needed = new Set<number>()
  const verifier = new Verifier(system, property)
  steps.forEach(({ thread, located, index }) => {
    const next = steps.find((other) => other.index > index && other.thread === thread)
    if (next === undefined) needed.add(index)
    else if (
      next.located.at === located.at &&
      counterexample.loopStart === null &&
      property.kind !== 'progress'
    ) {
      const { initial } = counterexample
      if (!verifier.fails({ initial, steps: counterexample.steps.toSpliced(index, 1) })) needed.add(index)
    }
  })
  return needed
}

/** Whether the end would still be a violation with another value in a field; null where only a search could tell. */
export function failsWith(
  replayed: Replayed,
  observer: Observer,
  field: number,
  value: number,
): boolean | null {
  const { property, states, steps, system } = replayed
  const imagine = (state: Uint16Array): Uint16Array => {
    const copy = state.slice()
    copy[field] = value
    return copy
  }
  const last = states[states.length - 1]
  switch (property.kind) {
    case 'invariant':
      return observer.state(
        imagine(last),
        (w, at) => (property.given?.(w, at) ?? true) && !property.holds(w, at),
      ).answer
    case 'witness':
      return observer.state(imagine(last), property.seen).answer
    case 'action': {
      const before = states[states.length - 2]
      const { thread, located } = steps[steps.length - 1]
      const view = stepView(system, { thread: thread.name, step: located.path })
      const by = before[field] === last[field] ? imagine(before) : before
      return observer.pair(
        by,
        imagine(last),
        (b, a) => (property.given?.(b, view, a) ?? true) && !property.holds(b, view, a),
      ).answer
    }
    case 'fault': {
      const { thread, located } = steps[steps.length - 1]
      return observer.step(imagine(last), located, thread.self).fault?.property === property.id
    }
    case 'deadlock': {
      const reference = new Reference(system)
      return reference.enabled(reference.snapshot(imagine(last))).length === 0
    }
    default:
      return null
  }
}

function communicatedFields({ replayed: { steps }, reads, changed }: History): Set<number> {
  const found = new Set<number>()
  changed.forEach((fields, write) => {
    for (const f of fields) {
      const readLater = reads.some((r, i) => i > write && steps[i].thread !== steps[write].thread && r.has(f))
      if (readLater) found.add(f)
    }
  })
  return found
}

/** The steps of the trace that the design added, replaced or moved. */
function stepsOfDesign({ system, steps, changedSteps }: Replayed): number[] {
  const isChanged = (index: number): boolean => {
    const { thread, located } = steps[index]
    return changedSteps?.has(`${thread.program.kind}.${located.path}`) ?? false
  }
  const inARow: ReplayedStep[][] = []
  for (const { name } of system.threads) {
    let last: ReplayedStep[] | null = null
    for (const step of steps.filter(({ thread }) => thread.name === name)) {
      if (!isChanged(step.index)) last = null
      else {
        if (last === null) {
          last = []
          inARow.push(last)
        }
        last.push(step)
      }
    }
  }
  return inARow
    .map((run) => (run.find(({ located }) => !located.step.about.quiet) ?? run[0]).index)
    .sort((a, b) => a - b)
    .slice(-MOST_CHANGED)
}

/**
 * What the design dropped on the way of the trace: the first in each place, routine steps only if there is nothing else.
 */
function stepsDropped({ steps }: Replayed): Dropped[] {
  return steps
    .flatMap(({ index, dropped }): Dropped[] => {
      const located = dropped.find(({ step }) => step.about.quiet !== true) ?? dropped[0]
      return located === undefined ? [] : [{ after: index, located }]
    })
    .slice(-MOST_CHANGED)
}

const latestFirst = (steps: readonly number[]): number[] => steps.toSorted((a, b) => b - a)

/** Letters for the failing step and, as long as there are letters, for these, the most important first. */
function labelsFor(steps: number, important: readonly number[]): Map<number, string> {
  if (steps === 0) return new Map()
  const wanted = new Set([steps - 1, ...important])
  const chosen = [...wanted].slice(0, MOST_LABELS).sort((a, b) => a - b)
  return new Map(chosen.map((step, i) => [step, String.fromCharCode(65 + i)]))
}
