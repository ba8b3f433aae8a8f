import { constants } from 'node:buffer'

/**
 * Most bytes of one array: what the JavaScript engine allows, and no more than a place given in 32 bits can
 * reach. Whoever lets an array grow stops its search before this is too little.
 */
export const MOST_ARRAY_BYTES = Math.min(constants.MAX_LENGTH, 2 ** 33)

/** Slots beyond which twice the number of a slot no longer fits 32 bits with a sign. */
const MOST_SLOTS = 2 ** 30

/** Most slots that a table with a power of two of them can have. */
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
