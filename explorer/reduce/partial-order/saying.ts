import type { Permutation, SymmetryGroup } from '../symmetry/symmetry-group.ts'

/** One thing that model code says about a state. */
export interface Saying {
  /** Everything that must not depend on names: disabled, a violated property, a truth value. */
  readonly said: string
  /** Fields that change, and their codes afterwards. */
  readonly fields: readonly number[]
  readonly codes: readonly number[]
}

/** What a subject says about one state, for comparison. The order of the sayings has no meaning. */
export interface Answer {
  /** Fields read, in order. Fields that change are among them, but for program counters. */
  readonly reads: readonly number[]
  readonly sayings: readonly Saying[]
}

/** True when a saying, renamed, is the other. Both are about states on which they change the same codes. */
export function isRenamed(
  group: SymmetryGroup,
  one: Saying,
  permutation: Permutation,
  other: Saying,
): boolean {
  const { fields, codes } = one
  if (one.said !== other.said || fields.length !== other.fields.length) return false
  for (let n = 0; n < fields.length; n++) {
    const at = other.fields.indexOf(group.imageOfField(fields[n], permutation))
    if (at < 0 || other.codes[at] !== group.imageOfCode(fields[n], codes[n], permutation)) return false
  }
  return true
}

/** True when each saying of an answer, renamed, has its own counterpart in the other answer, and none is left. */
export function areRenamed(
  group: SymmetryGroup,
  one: readonly Saying[],
  permutation: Permutation,
  other: readonly Saying[],
): boolean {
  if (one.length !== other.length) return false
  if (one.length === 1) return isRenamed(group, one[0], permutation, other[0])
  const left = [...other]
  for (const saying of one) {
    const at = left.findIndex((counterpart) => isRenamed(group, saying, permutation, counterpart))
    if (at < 0) return false
    left.splice(at, 1)
  }
  return true
}
