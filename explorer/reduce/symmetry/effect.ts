import type { Permutation, SymmetryGroup } from './symmetry-group.ts'

/** What one step or predicate does on a state, for comparison under renamings. */
export interface Effect {
  /** The part without ids, in words: not enabled, a violated property, a truth value. */
  readonly outcome: string
  /** Fields that change, and their encoded values afterwards. */
  readonly fields: readonly number[]
  readonly encoded: readonly number[]
}

/** What a unit (a family of steps, or a predicate) does on one state. The order of the effects has no meaning. */
export interface Evaluation {
  /** Fields read, in order. They include the fields that change, except program counters. */
  readonly reads: readonly number[]
  readonly effects: readonly Effect[]
}

/** Whether the image of an effect under a permutation is the other effect. */
export function isRenamed(
  group: SymmetryGroup,
  one: Effect,
  permutation: Permutation,
  other: Effect,
): boolean {
  const { fields, encoded } = one
  if (one.outcome !== other.outcome || fields.length !== other.fields.length) return false
  for (let n = 0; n < fields.length; n++) {
    const at = other.fields.indexOf(group.imageOfField(fields[n], permutation))
    if (at < 0 || other.encoded[at] !== group.imageOfValue(fields[n], encoded[n], permutation)) return false
  }
  return true
}

/** Whether the images of some effects under a permutation are the other effects, in any order. */
export function areRenamed(
  group: SymmetryGroup,
  one: readonly Effect[],
  permutation: Permutation,
  other: readonly Effect[],
): boolean {
  if (one.length !== other.length) return false
  if (one.length === 1) return isRenamed(group, one[0], permutation, other[0])
  const left = [...other]
  for (const effect of one) {
    const at = left.findIndex((counterpart) => isRenamed(group, effect, permutation, counterpart))
    if (at < 0) return false
    left.splice(at, 1)
  }
  return true
}
