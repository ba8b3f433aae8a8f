import type { Permutation, SymmetryGroup } from './symmetry-group.ts'

/** One thing that model code says about a state. */
export interface Effect {
  /** Everything that must not depend on names: disabled, a violated property, a truth value. */
  readonly outcome: string
  /** Fields that change, and their codes afterwards. */
  readonly fields: readonly number[]
  readonly encoded: readonly number[]
}

/** What a subject says about one state, for comparison. The order of the sayings has no meaning. */
export interface Evaluation {
  /** Fields read, in order. Fields that change are among them, but for program counters. */
  readonly reads: readonly number[]
  readonly effects: readonly Effect[]
}

/** True when a saying, renamed, is the other. Both are about states on which they change the same codes. */
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

/** True when each saying of an answer, renamed, has its own counterpart in the other answer, and none is left. */
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
