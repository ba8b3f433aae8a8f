import { ModelError } from './errors.ts'

// Shapes declare a state: a shape says which values are possible. `layout()` turns it into numbered fields, a packed
// vector and typed views.

/**
 * A set of ids 0..size-1, for example of the vCPUs or the shadow pages of a scenario. Ids of a sort may be
 * interchangeable. With `size` 0, arrays and sets that are indexed by the sort take no space.
 */
export interface Sort {
  readonly name: string
  readonly size: number
}

/** Largest number of values of a field. Transition records branch once per value, so small domains are fast. */
export const MAX_DOMAIN = 4096

/** One value of a finite domain, encoded as 0..size-1. `T` is what model code reads and writes. */
export interface Scalar<T> {
  readonly kind: 'scalar'
  readonly type: string
  readonly size: number
  /** For ids: a permutation of the sort permutes the encoded values (0 stands for null when `optional`). */
  readonly idOf?: { readonly sort: Sort; readonly optional: boolean }
  readonly encode: (value: T) => number
  readonly decode: (encoded: number) => T
}

export interface ArrayShape<S extends Shape> {
  readonly kind: 'array'
  readonly length: number
  /** If positions are ids of a sort: a permutation of the sort moves the elements. */
  readonly indexedBy?: Sort
  readonly element: S
}

export interface StructShape<M extends Members> {
  readonly kind: 'struct'
  readonly members: M
}

/** A set of ids or of names, with one flag per element so that elements are independent fields. */
export interface SetShape<T> {
  readonly kind: 'set'
  readonly elements: readonly T[]
  readonly indexedBy?: Sort
}

export type Members = { readonly [name: string]: Shape }
// biome-ignore lint/suspicious/noExplicitAny: a shape of any value type; `unknown` would not be a supertype
export type Shape = Scalar<any> | ArrayShape<any> | StructShape<any> | SetShape<any>

/** A set as model code sees it; each operation accesses only the fields of the elements that it names. */
export interface SetView<T> {
  has(element: T): boolean
  add(element: T): void
  delete(element: T): void
  clear(): void
  isEmpty(): boolean
  /** Copies the members of another set of the same shape. */
  assign(other: SetView<T>): void
  elements(): T[]
}

/** An array as model code sees it; an access out of bounds is a model error. */
export interface Cells<T> {
  [index: number]: T
  readonly length: number
  [Symbol.iterator](): Iterator<T>
}

/** The typed view that a shape gives model code. */
export type View<S> =
  S extends Scalar<infer T>
    ? T
    : S extends ArrayShape<infer E>
      ? Cells<View<E>>
      : S extends SetShape<infer T>
        ? SetView<T>
        : S extends StructShape<infer M>
          ? { -readonly [K in keyof M]: View<M[K]> }
          : never

function scalar<T>(
  type: string,
  size: number,
  encode: (value: T) => number,
  decode: (encoded: number) => T,
  idOf?: { sort: Sort; optional: boolean },
): Scalar<T> {
  if (size > MAX_DOMAIN) throw new ModelError(`${type} has ${size} values; a field may have ${MAX_DOMAIN}`)
  return idOf === undefined
    ? { kind: 'scalar', type, size, encode, decode }
    : { kind: 'scalar', type, size, encode, decode, idOf }
}

/** Declares a set of ids. @throws ModelError for a size that is not a whole number from 0 to 64. */
export function sort(name: string, size: number): Sort {
  if (!Number.isInteger(size) || size < 0 || size > 64) {
    throw new ModelError(`sort ${name} has size ${size}; it must be a whole number from 0 to 64`)
  }
  return { name, size }
}

/** The whole numbers `low`..`high`, both included. Initially `low`. */
export function range(low: number, high: number): Scalar<number> {
  if (!Number.isInteger(low) || !Number.isInteger(high) || high < low) {
    throw new ModelError(`range(${low}, ${high}) is empty or not of whole numbers`)
  }
  return scalar(
    `range ${low}..${high}`,
    high - low + 1,
    // In a subtraction null and true would count as numbers.
    (value: number) => (typeof value === 'number' ? value - low : -1),
    (encoded) => encoded + low,
  )
}

/** A truth value. Initially false. */
export const flag: Scalar<boolean> = scalar(
  'flag',
  2,
  (value: boolean) => (value === true ? 1 : value === false ? 0 : -1),
  (encoded) => encoded === 1,
)

/** One of the given names. Initially the first. */
export function oneOf<const T extends readonly string[]>(...names: T): Scalar<T[number]> {
  return scalar<T[number]>(
    `one of ${names.join('|')}`,
    names.length,
    (value) => names.indexOf(value),
    (encoded) => names[encoded] as T[number],
  )
}

/** An id of `of`, or null for none. Initially null. */
export function ref(of: Sort): Scalar<number | null> {
  return scalar<number | null>(
    `ref to ${of.name}`,
    of.size + 1,
    (value) => (value === null ? 0 : Number.isInteger(value) && value >= 0 ? value + 1 : -1),
    (encoded) => (encoded === 0 ? null : encoded - 1),
    { sort: of, optional: true },
  )
}

/** An id of `of`, never none. Initially 0. @throws ModelError when the sort is empty. */
export function id(of: Sort): Scalar<number> {
  if (of.size === 0) throw new ModelError(`id of ${of.name}: the sort is empty, so there is no such id`)
  return scalar<number>(
    `id of ${of.name}`,
    of.size,
    (value) => value,
    (encoded) => encoded,
    { sort: of, optional: false },
  )
}

/** A set of ids of a sort. Initially empty. */
export function setOf(of: Sort): SetShape<number> {
  return { kind: 'set', elements: Array.from({ length: of.size }, (_, i) => i), indexedBy: of }
}

/** A set of the given names. Initially empty. */
export function setOfNames<const T extends readonly string[]>(...names: T): SetShape<T[number]> {
  return { kind: 'set', elements: names }
}

/** One element per id of a sort, or a fixed number of elements. */
export function array<S extends Shape>(over: Sort | number, element: S): ArrayShape<S> {
  return typeof over === 'number'
    ? { kind: 'array', length: over, element }
    : { kind: 'array', length: over.size, indexedBy: over, element }
}

/** Named members. */
export function struct<M extends Members>(members: M): StructShape<M> {
  return { kind: 'struct', members }
}
