import type { Scalar, Sort } from './shapes.ts'

/** One scalar of the state vector and the position of its bits in the packed words. */
export interface Field {
  readonly index: number
  /** As in C, for example `vcpu[0].prev_roots[1]`. */
  readonly path: string
  readonly shape: Scalar<unknown>
  /** 32-bit word and bit position; a field with one value takes no bits (`mask` 0). */
  readonly word: number
  readonly shift: number
  readonly mask: number
}

/** The storage behind a view: an encoded value per field number. */
export interface Cellstore {
  read(field: number): number
  write(field: number, value: number): void
  /**
   * The class of the field's value, where `classes` gives that of each encoded value. A store that records what is read
   * records less than for `read`.
   */
  classOf?(field: number, classes: Classes): number
  /**
   * Indices from 0 up to a length, whose methods may keep what a callback returns and call it only for those elements
   * of which it would read something new. Callbacks must have no effects.
   */
  indices?(length: number): readonly number[]
  /** Whether a step has changed a field from `first` to `last`, where the store knows what a step has written. */
  isChanged?(first: number, last: number): boolean
}

/** Classes of the encoded values of a field, numbered from 0. */
export type Classes = Uint8Array

/** A node of the declared tree, which views and permutations of ids walk. */
export type Node =
  | { readonly kind: 'scalar'; readonly field: Field }
  | {
      readonly kind: 'array'
      readonly path: string
      readonly indexedBy?: Sort
      readonly elements: readonly Node[]
    }
  | { readonly kind: 'struct'; readonly path: string; readonly members: ReadonlyMap<string, Node> }
  | {
      readonly kind: 'set'
      readonly path: string
      readonly indexedBy?: Sort
      readonly names: readonly unknown[]
      readonly flags: readonly Field[]
    }
