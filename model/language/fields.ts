import type { Scalar, Sort } from './shapes.ts'

/** One scalar of the state vector and where its bits lie in the packed words. */
export interface Field {
  readonly index: number
  /** How the kernel developer would write it, for example `vcpu[0].prev_roots[1]`. */
  readonly path: string
  readonly shape: Scalar<unknown>
  /** 32-bit word and bit position; a field with one value takes no bits (`mask` 0). */
  readonly word: number
  readonly shift: number
  readonly mask: number
}

/** Where a view reads and writes: codes by field number. */
export interface Cellstore {
  read(field: number): number
  write(field: number, code: number): void
}

/** A node of the declared tree, for whoever walks it (views, permutations of ids). */
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
