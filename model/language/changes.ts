import { ModelError } from './errors.ts'
import type { Cellstore } from './fields.ts'

/** A view answers here which fields it shows, of which store. */
export const CELLS = Symbol('cells')

/** The fields of a part of the state: those from `first` to `last`, none if `last` is smaller. */
export interface Cells {
  readonly store: Cellstore
  readonly first: number
  readonly last: number
}

/**
 * Whether a step changed anything in a part of the state: `isChanged(before.page[p], after.page[p])`. An action property
 * that asks this first reads, and depends on, only what the step has written, where a comparison reads all there is.
 * @param before a view of the state before the step. @param after the view of the same part after it.
 */
export function isChanged(before: object, after: object): boolean {
  const old = cellsOf(before)
  const { store, first, last } = cellsOf(after)
  if (old.first !== first || old.last !== last)
    throw new ModelError('compares two different parts of the state')
  if (store.isChanged !== undefined) return store.isChanged(first, last)
  for (let field = first; field <= last; field++) if (old.store.read(field) !== store.read(field)) return true
  return false
}

function cellsOf(view: object): Cells {
  const cells = (view as { readonly [CELLS]?: Cells })[CELLS]
  if (cells === undefined)
    throw new ModelError('compares something that is not a structure or array of the state')
  return cells
}
