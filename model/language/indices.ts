/** A view of an array has its indices here, if its store keeps what a predicate has found for each of them. */
export const INDICES = Symbol('indices')

/** The indices of arrays by their length, made once: predicates ask for them whenever they are evaluated. */
const KNOWN: (readonly number[])[] = []

/** The indices of an array: 0 up to its length. */
export function indicesOf(array: { readonly length: number }): readonly number[] {
  const { length } = array
  const own = (array as { readonly [INDICES]?: readonly number[] })[INDICES]
  if (own !== undefined) return own
  KNOWN[length] ??= Object.freeze(Array.from({ length }, (_, i) => i))
  return KNOWN[length]
}
