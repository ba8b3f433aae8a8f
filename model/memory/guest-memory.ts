import { array, flag, ref, struct, type View } from '../language/shapes.ts'
import type { Bounds } from './bounds.ts'
import type { Kvm } from './kvm.ts'
import { optional } from './optional.ts'
import type { Sorts } from './sorts.ts'

/** A guest page-table entry: the frame it points at (none: not present) and the write permission. */
export const gpte = (sorts: Sorts, bounds: Bounds) =>
  struct({
    to: ref(sorts.gfn),
    w: flag,
    /** The page-size bit: `to` is the first of the frames that the entry maps. */
    huge: optional(bounds.huge, flag),
  })

export type Gpte = View<ReturnType<typeof gpte>>

/** The contents of the guest frames that are page tables. */
export const guestTables = (sorts: Sorts, bounds: Bounds) =>
  array(bounds.tables, array(sorts.index, gpte(sorts, bounds)))

/** Which entry of the table at `level` translates `gva`. */
export function index_at(gva: number, level: number, entries: number): number {
  return Math.floor(gva / entries ** (level - 1)) % entries
}

/** The guest entry for `gva` in the table frame `table` at `level`. */
export function gpte_at(kvm: Kvm, table: number, gva: number, level: number): Gpte {
  const entries = kvm.guest_table[table]
  return entries[index_at(gva, level, entries.length)]
}

/** Two snapshots of an entry are the same entry contents. */
export function same_gpte(a: Gpte, b: Gpte): boolean {
  return a.to === b.to && a.w === b.w && a.huge === b.huge
}

/** Copies an entry's contents. */
export function copy_gpte(from: Gpte, to: Gpte): void {
  to.to = from.to
  to.w = from.w
  to.huge = from.huge
}
