import type { EncodedValues } from '../../../model/language/layout.ts'
import type {
  Condition,
  Name,
  Observation,
  Owed,
  OwedStep,
  StepOfKind,
  StepPath,
} from '../../../model/language/observation.ts'
import { Oops } from '../../../model/language/property.ts'
import type { System, Thread } from '../../../model/language/system.ts'

/** A log as a list. */
export interface ListedLog {
  readonly system: System
  readonly observable: readonly StepOfKind[]
  readonly observations: readonly Observation[]
}

/** A point of the product of system and log. */
interface Point {
  readonly encoded: readonly number[]
  /** Observations made. */
  readonly made: number
  /** Items met in the present window, by real thread. */
  readonly met: Readonly<Record<string, number>>
  readonly names: Readonly<Record<string, number>>
}

/**
 * How many observations of a log some behaviour of a system agrees with, all windows being those of the whole log. By
 * visiting every point of the product of the two. Shares no code with the follower except the modelling language: points are strings in a set, windows are cut from the list anew at every
 * point, and model code runs on every one.
 * @returns null when there are more than `most` points.
 */
export function naivelyAgreed(log: ListedLog, most = 200_000): number | null {
  const { system, observations } = log
  const threads = [...new Set(observations.map(({ thread }) => thread))]
  const visited = new Set<string>()
  const open: Point[] = []
  let agreed = 0
  const enter = (point: Point): void => {
    const key = JSON.stringify([point.encoded, point.made, point.met, Object.entries(point.names).sort()])
    if (visited.has(key)) return
    visited.add(key)
    open.push(point)
  }
  const none = Object.fromEntries(threads.map((thread) => [thread, 0]))
  for (const encoded of system.initial) enter({ encoded: [...encoded], made: 0, met: none, names: {} })
  for (let point = open.pop(); point !== undefined; point = open.pop()) {
    agreed = Math.max(agreed, point.made)
    if (agreed === observations.length) return agreed
    if (visited.size > most) return null
    for (const next of movesFrom(log, threads, point)) enter(next)
  }
  return agreed
}

function movesFrom(log: ListedLog, threads: readonly string[], point: Point): Point[] {
  const { system, observable, observations } = log
  const { encoded, made, met, names } = point
  const moves: Point[] = []
  const owed = (thread: string): Owed | undefined => windowOf(observations, made, thread)[met[thread]]
  const meet = (thread: string) => ({ ...met, [thread]: met[thread] + 1 })
  for (const thread of system.threads) {
    for (const { after, path, index } of takenFrom(thread, encoded, system)) {
      const { kind } = thread.program
      const isSeen = observable.some(
        (o) => o.kind === kind && isMeant(o.step, path) && (o.case === undefined || o.case === index),
      )
      if (!isSeen) moves.push({ ...point, encoded: after })
      for (const real of threads) {
        const item = owed(real)
        if (item === undefined || !('oneOf' in item)) continue
        const suits = (step: OwedStep): boolean =>
          step.thread === thread.name &&
          isMeant(step.step, path) &&
          (step.case === undefined || step.case === index) &&
          (step.before ?? []).every((c) => isTrue(c, encoded, names, system)) &&
          (step.after ?? []).every((c) => isTrue(c, after, names, system))
        if (item.oneOf.some(suits)) moves.push({ ...point, encoded: after, met: meet(real) })
      }
    }
  }
  for (const real of threads) {
    const item = owed(real)
    if (item !== undefined && 'read' in item && item.read.every((c) => isTrue(c, encoded, names, system)))
      moves.push({ ...point, met: meet(real) })
  }
  const observation = observations[made]
  const { thread } = observation
  if (met[thread] === windowOf(observations, made, thread).length) {
    const { world, at } = viewOf(system, encoded)
    const bound: Record<string, number> = { ...names }
    for (const { name, value } of observation.binds ?? []) {
      const id = value(world, at)
      if (id === null) delete bound[name]
      else bound[name] = id
    }
    if ((observation.exact ?? []).every((c) => isTrue(c, encoded, bound, system))) {
      for (const name of observation.unbinds ?? []) delete bound[name]
      moves.push({ encoded, made: made + 1, met: { ...met, [thread]: 0 }, names: bound })
    }
  }
  return moves
}

/** What a real thread owes between its latest observation among the first `made` and its next one. */
function windowOf(observations: readonly Observation[], made: number, thread: string): readonly Owed[] {
  const isOwn = (o: Observation): boolean => o.thread === thread
  const latest = observations.slice(0, made).findLast(isOwn)
  const next = observations.slice(made).find(isOwn)
  return [...(latest?.after ?? []), ...(next?.before ?? [])]
}

/** The cases that a thread can take in a state. */
function takenFrom(
  { flow, counter, self }: Thread<never>,
  encoded: readonly number[],
  system: System,
): { readonly after: number[]; readonly path: string; readonly index: number }[] {
  const here = flow.counters[encoded[counter.index]]
  return flow.steps
    .filter(({ at }) => at === here)
    .flatMap((located) => {
      const after = [...encoded]
      const { world } = viewOf(system, after)
      try {
        const index = located.step.cases.findIndex(({ when }) => when === undefined || when(world, self))
        if (index < 0) return []
        located.step.cases[index].does?.(world, self)
        after[counter.index] = flow.counters.indexOf(flow.target(located, index))
        return [{ after, path: located.path, index }]
      } catch (error) {
        if (error instanceof Oops) return []
        throw error
      }
    })
}

/** One view for each system: building it takes far longer than a step. */
const views = new WeakMap<
  System,
  { readonly show: (encoded: readonly number[]) => ReturnType<System['view']> }
>()

function viewOf(system: System, encoded: readonly number[]): ReturnType<System['view']> {
  let view = views.get(system)
  if (view === undefined) {
    let shown: number[] = []
    const store: Pick<EncodedValues, 'read' | 'write'> = {
      read: (field) => shown[field],
      write: (field, value) => {
        shown[field] = value
      },
    }
    const built = system.view(store)
    view = {
      show(values) {
        shown = values as number[]
        return built
      },
    }
    views.set(system, view)
  }
  return view.show(encoded)
}

function isTrue(
  condition: Condition,
  encoded: readonly number[],
  names: Readonly<Record<string, number>>,
  system: System,
): boolean {
  const { world, at } = viewOf(system, encoded)
  if ('holds' in condition) return condition.holds(world, at, (name) => names[name])
  const { is } = condition
  const model = condition.value(world, at)
  if (is === null || typeof is !== 'object') return model === is
  const { name } = is as Name
  return names[name] !== undefined && model === names[name]
}

const isMeant = (step: StepPath, path: string): boolean =>
  typeof step === 'string' ? step === path : step(path)
