import { ModelError } from './errors.ts'

/** Parts of a list to which several files contribute, and their place in it. */
export interface Placed<T> {
  /** Smaller comes first. */
  readonly order: number
  readonly parts: readonly T[]
}

/** Parts at a place. */
export function placed<T>(order: number, ...parts: readonly T[]): Placed<T> {
  return { order, parts }
}

/**
 * All parts in the order of their places. Places are explicit because the order of alternatives decides which of
 * several shortest counterexamples is reported.
 * @throws ModelError when two contributions claim one place.
 */
export function inOrder<T>(what: string, contributions: readonly Placed<T>[]): T[] {
  const sorted = contributions.filter(({ parts }) => parts.length > 0).sort((a, b) => a.order - b.order)
  const clash = sorted.find(({ order }, n) => n > 0 && sorted[n - 1].order === order)
  if (clash !== undefined) throw new ModelError(`${what}: two features contribute at place ${clash.order}`)
  return sorted.flatMap(({ parts }) => parts)
}
