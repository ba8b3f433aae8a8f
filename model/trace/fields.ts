/**
 * How the fields of a probe are fetched and read. The recording recipe prints the fetch arguments, the parser reads
 * what they print, so the two cannot differ.
 */

/**
 * What a field is, after parsing:
 * - `int`, a decimal number.
 * - `hex`, a number below 2^53: frame numbers, masks, requests, role words.
 * - `address`, a kernel pointer without its 16 sign bits: exact as a number, so offsets can be added.
 * - `hpa`, a physical address or page directory; null for INVALID_PAGE.
 * - `pfn`, a host page; null for KVM_PFN_NOSLOT and errors.
 * - `entry`, the 64 bits of an SPTE in hexadecimal, as they do not fit a number; see `kernel.ts`.
 */
export type Kind = 'int' | 'hex' | 'address' | 'hpa' | 'pfn' | 'entry'

export interface Arg<K extends Kind = Kind> {
  readonly kind: K
  /**
   * Fetch argument of kprobe_events(5). `{struct.member}` stands for an offset of the kernel that is recorded, see
   * `kernel.ts`.
   */
  readonly fetch: string
  /** The name under which the probe prints it, if it is not that of the field. */
  readonly printed?: string
}

/** The value of a field of this kind. */
export type Value<K extends Kind> = K extends 'entry'
  ? string
  : K extends 'hpa' | 'pfn'
    ? number | null
    : number

const arg =
  <K extends Kind>(kind: K, defaultType: string) =>
  (fetch: string, type = defaultType): Arg<K> => ({ kind, fetch: `${fetch}:${type}` })

export const int: (fetch: string, type?: string) => Arg<'int'> = arg('int', 's32')
export const hex: (fetch: string, type?: string) => Arg<'hex'> = arg('hex', 'x64')
export const address: (fetch: string) => Arg<'address'> = arg('address', 'x64')
export const hpa: (fetch: string) => Arg<'hpa'> = arg('hpa', 'x64')
export const pfn: (fetch: string) => Arg<'pfn'> = arg('pfn', 'x64')
export const entry: (fetch: string) => Arg<'entry'> = arg('entry', 'x64')

/** A field that the probe prints under another name, because it does not know what the register holds. */
export const printedAs = <K extends Kind>(printed: string, field: Arg<K>): Arg<K> => ({ ...field, printed })

/** KVM_PFN_NOSLOT is bit 63, KVM_PFN_ERR_MASK bits 52 to 62. */
const NO_PFN = 2 ** 52
const LARGEST = 2 ** 53
/** The digits of a number below 2^48, and of one of 64 bits. */
const ADDRESS_DIGITS = 12
const MOST_DIGITS = 16
const INVALID_PAGE = 2 ** 64

/**
 * The value that `text` has from one position to another.
 * @returns undefined for text that is not of this kind.
 */
export function decoded(
  kind: Kind,
  text: string,
  from: number,
  to: number,
): number | string | null | undefined {
  if (kind === 'int') return decimal(text, from, to)
  const first = text.startsWith('0x', from) ? from + 2 : from
  if (first === to || to - first > MOST_DIGITS) return undefined
  const whole = hexadecimal(text, first, to)
  if (whole < 0) return undefined
  if (kind === 'entry') return text.slice(first, to)
  if (kind === 'address') return hexadecimal(text, Math.max(first, to - ADDRESS_DIGITS), to)
  if (kind === 'hpa' && whole === INVALID_PAGE) return null
  if (kind === 'pfn' && whole >= NO_PFN) return null
  return whole < LARGEST ? whole : undefined
}

function decimal(text: string, from: number, to: number): number | undefined {
  const negative = text.charCodeAt(from) === MINUS
  const first = negative ? from + 1 : from
  if (first === to) return undefined
  let value = 0
  for (let i = first; i < to; i++) {
    const digit = text.charCodeAt(i) - ZERO
    if (digit < 0 || digit > 9) return undefined
    value = value * 10 + digit
  }
  return negative ? -value : value
}

/** Rounded above 2^53; -1 for other text. */
function hexadecimal(text: string, from: number, to: number): number {
  let value = 0
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i)
    const digit = code <= NINE ? code - ZERO : code >= A ? code - A + 10 : -1
    if (digit < 0 || digit > 15) return -1
    value = value * 16 + digit
  }
  return value
}

const MINUS = 45
const ZERO = 48
const NINE = 57
const A = 97
