import type {
  Binding,
  Comparison,
  Condition,
  Observation,
  Owed,
  StepOfKind,
  Value,
} from '../../../model/language/observation.ts'
import { Reference } from '../../../model/language/reference.ts'
import type { Counters, System } from '../../../model/language/system.ts'
import type { ListedLog } from './naive-follower.ts'

/** Draws a number below `below`. */
export type Draw = (below: number) => number

/** Something that events may print of a state. */
export interface Probe {
  readonly what: string
  readonly value: (world: never, at: Counters) => Value
}

/** A behaviour: each step with the case that it took, and the states, one more than steps. */
interface Walk {
  readonly steps: readonly { readonly thread: number; readonly path: string; readonly case: number }[]
  readonly states: readonly Uint16Array[]
}

/** A random behaviour of a system, as xstate takes it. */
function walk(system: System, length: number, draw: Draw): Walk {
  const reference = new Reference(system)
  const states: Uint16Array[] = [system.initial[draw(system.initial.length)].slice()]
  const steps: { thread: number; path: string; case: number }[] = []
  while (steps.length < length) {
    const before = states[states.length - 1]
    const enabled = system.threads.flatMap((thread, t) =>
      thread.flow.steps
        .filter(({ at }) => at === thread.flow.counters[before[thread.counter.index]])
        .flatMap((located) => {
          const outcome = reference.step(reference.snapshot(before), {
            thread: thread.name,
            step: located.path,
          })
          if (outcome.kind !== 'moved') return []
          const { world } = system.view({ read: (f) => before[f], write: () => {} })
          const taken = located.step.cases.findIndex(
            ({ when }) => when === undefined || when(world, thread.self),
          )
          return [{ thread: t, path: located.path, case: taken, after: reference.encode(outcome.next) }]
        }),
    )
    if (enabled.length === 0) break
    const { after, ...step } = enabled[draw(enabled.length)]
    steps.push(step)
    states.push(after)
  }
  return { steps, states }
}

/** How a walk becomes a log. */
export interface Recorder {
  readonly draw: Draw
  readonly probes: readonly Probe[]
  /** Most steps of the walk. */
  readonly length: number
  /** Probes whose values are ids, which names can be bound to. */
  readonly ids: readonly Probe[]
}

/**
 * Records a random behaviour: a random set of its steps is observable, the model threads belong to one or two real
 * threads, each real thread makes its events at random moments, and events print values of their moments. The log is
 * one that the system can have made.
 */
export function recordedWalk(system: System, { draw, probes, length, ids }: Recorder): ListedLog {
  const { steps, states } = walk(system, length, draw)
  const chance = (of: number): boolean => draw(of) === 0
  const observable: StepOfKind[] = []
  const known = new Set<string>()
  for (const { program, flow } of system.threads)
    for (const { path, step } of flow.steps)
      for (const index of step.cases.keys()) {
        const key = `${program.kind} ${path} ${index}`
        if (known.has(key)) continue
        known.add(key)
        if (draw(5) < 2) observable.push({ kind: program.kind, step: path, case: index })
      }
  const isObservable = (n: number): boolean => {
    const { thread, path, case: index } = steps[n]
    const { kind } = system.threads[thread].program
    return observable.some((o) => o.kind === kind && o.step === path && o.case === index)
  }
  const reals = ['cpu-a', 'cpu-b'].slice(0, 1 + draw(2))
  // A model thread may be run by several real threads, one after the other.
  const realOf = steps.map(() => draw(reals.length))
  const valueAt = ({ value }: Probe, state: number): Value => {
    const { world, at } = system.view({ read: (f) => states[state][f], write: () => {} })
    return value(world, at)
  }
  /** Conditions that hold in a state. */
  const seen = (state: number): Comparison[] =>
    probes.filter(() => chance(4)).map((probe) => ({ ...probe, is: valueAt(probe, state) }))

  // Moments are indices of states. The items of a thread's windows, each with the moment after which it is met.
  const moments: { thread: number; state: number; order: number }[] = []
  reals.forEach((_, thread) => {
    const count = 1 + draw(4)
    for (let n = 0; n < count; n++) moments.push({ thread, state: draw(states.length), order: draw(1000) })
  })
  moments.sort((a, b) => a.state - b.state || a.order - b.order)
  const bound = new Map<string, number>()
  let line = 1
  const observations = moments.map(({ thread, state }, n): Observation => {
    const previous = moments.slice(0, n).findLast((m) => m.thread === thread)
    const next = moments.slice(n + 1).find((m) => m.thread === thread)
    const between = (from: number, to: number): { item: Owed; step: number }[] =>
      steps.flatMap((taken, step) => {
        if (step < from || step >= to || realOf[step] !== thread || !isObservable(step)) return []
        const owed = {
          thread: system.threads[taken.thread].name,
          step: taken.path,
          ...(chance(2) ? { case: taken.case } : {}),
          ...(chance(3) ? { before: seen(step) } : {}),
          ...(chance(3) ? { after: seen(step + 1) } : {}),
        }
        const items: { item: Owed; step: number }[] = [{ item: { oneOf: [owed] }, step }]
        if (chance(4)) items.push({ item: { read: seen(step + 1) }, step })
        return items
      })
    // The items of a window are split at the same place for both of its events.
    const split = (from: number, to: number): number =>
      from + ((from * 7 + to * 3 + thread) % (to - from + 1))
    const start = previous === undefined ? 0 : split(previous.state, state)
    const before = between(start, state).map(({ item }) => item)
    const end = next === undefined ? steps.length : split(state, next.state)
    const after = between(state, end).map(({ item }) => item)
    const binds: Binding[] = []
    const named: Condition[] = []
    for (const probe of ids) {
      const id = valueAt(probe, state)
      if (typeof id !== 'number') continue
      const name = `n${draw(2)}`
      if (bound.get(name) === id && chance(2)) named.push({ ...probe, is: { name } })
      else if (chance(4) && !binds.some((b) => b.name === name)) {
        binds.push({ name, value: probe.value as Binding['value'] })
      }
    }
    for (const { name, value } of binds) {
      const { world, at } = system.view({ read: (f) => states[state][f], write: () => {} })
      bound.set(name, value(world, at) as number)
    }
    const kept = named.filter(
      (c) => !binds.some(({ name }) => 'is' in c && (c.is as { name: string }).name === name),
    )
    const unbinds = bound.size > 0 && chance(5) ? [[...bound.keys()][draw(bound.size)]] : []
    for (const name of unbinds) bound.delete(name)
    return {
      thread: reals[thread],
      line: line++,
      event: 'event',
      text: `event of ${reals[thread]}`,
      before,
      after,
      exact: [...seen(state), ...kept],
      ...(binds.length > 0 ? { binds } : {}),
      ...(unbinds.length > 0 ? { unbinds } : {}),
    }
  })
  return { system, observable, observations }
}
