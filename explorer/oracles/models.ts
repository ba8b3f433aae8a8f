import type { Property } from '../../model/language/property.ts'
import type { Model } from '../search/parallel/model.ts'
import { filterLock, mutualExclusion } from './filter-lock.ts'
import { PUBLISHED_COUNTS } from './published-counts.ts'
import { randomSystem } from './random-system.ts'
import { twoPhase } from './two-phase.ts'

/** Models as functions that the workers of a parallel search can call. */

/** Two-phase commit with properties that hold and that are violated, and a witness. */
export function twoPhaseModel(size: number): Model {
  type World = { rmState: { [n: number]: string }; tmState: string }
  const count = (w: unknown, state: string): number =>
    Array.from({ length: size }, (_, n) => (w as World).rmState[n]).filter((s) => s === state).length
  const properties: Property<unknown>[] = [
    {
      kind: 'invariant',
      id: 'consistent',
      title: 'None commits while another aborts',
      holds: (w) => count(w, 'committed') === 0 || count(w, 'aborted') === 0,
    },
    {
      kind: 'invariant',
      id: 'few-commit',
      title: 'Fewer than three commit',
      given: (w) => (w as World).tmState === 'committed',
      holds: (w) => count(w, 'committed') < 3,
    },
    { kind: 'witness', id: 'all-abort', title: 'All abort', seen: (w) => count(w, 'aborted') === size },
    {
      kind: 'action',
      id: 'no-late-preparation',
      title: 'No resource manager prepares after an abort',
      given: (_, step) => step.path === 'prepare',
      holds: (before) => (before as World).tmState !== 'aborted',
    },
    { kind: 'deadlock', id: 'no-deadlock', title: 'No deadlock' },
  ]
  return { system: twoPhase(size), properties }
}

/** The filter lock with mutual exclusion. */
export function filterLockModel(size: number): Model {
  return { system: filterLock(size), properties: [mutualExclusion] }
}

/** A model with published counts, without properties. @throws Error for an unknown id. */
export function publishedModel(id: string): Model {
  const row = PUBLISHED_COUNTS.find((r) => r.id === id)
  if (row === undefined) throw new Error(`there is no published model ${id}`)
  return { system: row.build(), properties: [] }
}

/** A random system with properties of every kind. */
export const randomGraphModel = (tape: readonly number[]): Model => randomSystem(tape) as Model

/** Two-phase commit with goals that can and cannot always be reached, and liveness. */
export function twoPhaseGoals(size: number): Model {
  type World = { tmState: string }
  const { system, properties } = twoPhaseModel(size)
  const state = (w: unknown): string => (w as World).tmState
  const goals: Property<unknown>[] = [
    { kind: 'progress', id: 'can-end', title: '', goal: (w) => state(w) !== 'init' },
    { kind: 'progress', id: 'can-commit', title: '', goal: (w) => state(w) === 'committed' },
    { kind: 'eventually', id: 'ends', title: '', goal: (w) => state(w) !== 'init' },
  ]
  return { system, properties: [...properties, ...(goals as Property<never>[])] }
}

/** A random system with the properties that do not need the graph. */
export function randomModel(tape: readonly number[]): Model {
  const { system, properties } = randomSystem(tape)
  return {
    system: system,
    properties: properties.filter((p) => p.kind !== 'progress'),
  }
}

/** A model whose search ends its thread after some recordings, like a crash. */
export function crashingModel(behaviours: number): Model {
  let left = behaviours
  return {
    ...twoPhaseModel(4),
    onRecord: () => {
      if (left-- === 0) process.exit(3)
    },
  }
}

/** A model with a property that changes its value after more calls than a search makes. */
export function countingModel(): Model {
  let calls = 0
  const counting: Property<unknown> = {
    kind: 'invariant',
    id: 'counts-its-calls',
    title: 'Few calls were made',
    holds: () => ++calls <= 4,
  }
  return { ...twoPhaseModel(4), properties: [counting] }
}
