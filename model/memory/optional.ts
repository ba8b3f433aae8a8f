import type { Scalar } from '../language/shapes.ts'

/** A field that is part of the state only if `used`; otherwise it is constant and takes no bits. */
export function optional<T>(used: boolean, shape: Scalar<T>): Scalar<T> {
  if (used) return shape
  const { type, encode, decode } = shape
  return { kind: 'scalar', type: `${type}, never set`, size: 1, encode, decode }
}
