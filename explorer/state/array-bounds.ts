import { constants } from 'node:buffer'

/**
 * Most bytes of one array: the engine's limit, and what a 32-bit index can reach. A search ends as incomplete
 * before one of its arrays would have to grow beyond this.
 */
export const MOST_ARRAY_BYTES = Math.min(constants.MAX_LENGTH, 2 ** 33)

/** With more slots, twice the index of a slot would not fit a signed 32-bit number. */
const MOST_SLOTS = 2 ** 30

/** Most slots of a table that has a power of two of them. */
export function mostSlots(bytesPerSlot: number, mostBytes: number): number {
  return 2 ** Math.floor(Math.log2(Math.min(MOST_SLOTS, mostBytes / bytesPerSlot)))
}

/** The least power of two times `smallest` that is at least `needed`. */
export const doubledLength = (smallest: number, needed: number): number =>
  needed <= smallest ? smallest : smallest * 2 ** Math.ceil(Math.log2(needed / smallest))

/** Bytes of an array that has doubled its length until `needed` numbers fit; 0 when they fit as it is. */
export function doubledBytes(
  { length, BYTES_PER_ELEMENT }: { readonly length: number; readonly BYTES_PER_ELEMENT: number },
  needed: number,
): number {
  return needed <= length ? 0 : BYTES_PER_ELEMENT * doubledLength(length, needed)
}

/** Copies an array into a longer one, and returns that. The caller allocates, so the array types of hot code stay fixed. */
export function enlarged<A extends Uint8Array | Uint16Array | Int32Array | Float64Array>(
  from: A,
  into: A,
): A {
  into.set(from)
  return into
}
