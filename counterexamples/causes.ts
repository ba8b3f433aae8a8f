import { isLiveness } from '../model/language/property.ts'
import { Reference } from '../model/language/reference.ts'
import { loopStates } from './lasso.ts'
import { Observer } from './observer.ts'
import type { Replayed } from './replay.ts'
import { stepView, stuckThreads } from './violation.ts'

/** A value that a thread read, that another thread changed later, and that the reader did not read again. */
export interface Race {
  readonly field: number
  /** Index of the step that read. */
  readonly read: number
  /** Index of the step that changed what was read. */
  readonly write: number
}

/** Why a trace ends as it does, as far as it can be computed from what was read and written. */
export interface Causes {
  /** Fields that the property read when it failed, program counters left out. */
  readonly judged: readonly number[]
  /** Last change of each field without which the property would not have failed, by field. */
  readonly decisive: ReadonlyMap<number, number>
  readonly races: readonly Race[]
  /** Fields changed by one thread and read by another one later. */
  readonly communicated: ReadonlySet<number>
  /** Letters of the steps that an explanation refers to, by step: `A`, `B`. */
  readonly labels: ReadonlyMap<number, string>
}

/** Most steps that get a letter; more would not help a reader. */
const MOST_LABELS = 6

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
  const judged = [...judgedFields(replayed, observer)].filter((f) => !counters.has(f)).sort((a, b) => a - b)
  const decisive = decisiveChanges(replayed, observer, judged, changed)
  const history = { replayed, reads, changed }
  const races = chooseRaces(history, new Set(decisive.keys()))
  return {
    judged,
    decisive,
    races,
    communicated: communicatedFields(history),
    labels: labelsFor(steps.length, decisive, races),
  }
}

/** What the last look at the property read. */
function judgedFields(replayed: Replayed, observer: Observer): ReadonlySet<number> {
  const { property, states, steps, system } = replayed
  const last = states[states.length - 1]
  if (isLiveness(property)) {
    const fields = new Set<number>()
    for (const { self } of system.threads.filter(
      (t) => property.each === undefined || t.program.kind === property.each,
    )) {
      for (const codes of loopStates({ states, trace: replayedTrace(replayed) })) {
        for (const f of observer.state(codes, (w, at) => property.goal(w, at, self)).reads) fields.add(f)
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
 * The last change of every field that decides: had the field its value from before that change at the end,
 * the property would not fail. If no single field decides, all that were changed and looked at do.
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
  const deciding = candidates.filter(([f, index]) => {
    try {
      return failsWith(replayed, observer, f, replayed.states[index][f]) === false
    } catch {
      // The property cannot cope with the imagined state, so it says nothing about this field.
      return false
    }
  })
  return new Map(deciding.length > 0 ? deciding : candidates)
}

/** Would the end still be a violation if a field had another code? Null where that takes a search. */
function failsWith(replayed: Replayed, observer: Observer, field: number, code: number): boolean | null {
  const { property, states, steps, system } = replayed
  const imagine = (codes: Uint16Array): Uint16Array => {
    const copy = codes.slice()
    copy[field] = code
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

interface History {
  readonly replayed: Replayed
  readonly reads: readonly ReadonlySet<number>[]
  readonly changed: readonly ReadonlySet<number>[]
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

/** The races that explain the failure: those on deciding fields, else the last one of the failing thread. */
function chooseRaces(history: History, deciding: ReadonlySet<number>): Race[] {
  const { steps } = history.replayed
  const all = allRaces(history)
  const onDeciding = all.filter((race) => deciding.has(race.field))
  const latest = (races: readonly Race[]): Race[] =>
    races.toSorted((a, b) => b.write - a.write || b.read - a.read || a.field - b.field).slice(0, 1)
  if (onDeciding.length > 0) {
    return [...new Set(onDeciding.map((r) => r.field))]
      .flatMap((field) => latest(onDeciding.filter((r) => r.field === field)))
      .slice(0, 2)
  }
  const failing = steps.at(-1)?.thread
  return latest(all.filter((race) => steps[race.read].thread === failing))
}

function allRaces({ replayed: { steps, fault }, reads, changed }: History): Race[] {
  const races: Race[] = []
  // What a faulting step reads is how the model notices the fault, not a look that the kernel takes.
  const faulted = fault !== null
  changed.forEach((fields, write) => {
    for (const field of fields) {
      for (const thread of new Set(steps.map((s) => s.thread))) {
        if (thread === steps[write].thread) continue
        const own = steps.filter((s) => s.thread === thread).map((s) => s.index)
        const read = own.findLast((i) => i < write && reads[i].has(field))
        if (read === undefined) continue
        // It looks again, or what it knows is a value of its own making, or it does nothing with the value.
        if (own.some((i) => i > write && reads[i].has(field) && !(faulted && i === steps.length - 1)))
          continue
        if (own.some((i) => i >= read && i < write && changed[i].has(field))) continue
        if (!own.some((i) => i > read)) continue
        races.push({ field, read, write })
      }
    }
  })
  return races
}

/** Letters for the failing step, the races and the deciding changes, in this order of importance. */
function labelsFor(
  steps: number,
  decisive: ReadonlyMap<number, number>,
  races: readonly Race[],
): Map<number, string> {
  if (steps === 0) return new Map()
  const changes = [...new Set(decisive.values())].sort((a, b) => b - a)
  const wanted = new Set([steps - 1, ...races.flatMap(({ read, write }) => [read, write]), ...changes])
  const chosen = [...wanted].slice(0, MOST_LABELS).sort((a, b) => a - b)
  return new Map(chosen.map((step, i) => [step, String.fromCharCode(65 + i)]))
}
