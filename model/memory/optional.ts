import type { Scalar } from '../language/shapes.ts'

/** A field that a scenario may do without: it then keeps its first value, and takes no state. */
export function optional<T>(used: boolean, shape: Scalar<T>): Scalar<T> {
  if (used) return shape
  const { type, encode, decode } = shape
  return { kind: 'scalar', type: `${type}, never set`, size: 1, encode, decode }
}
