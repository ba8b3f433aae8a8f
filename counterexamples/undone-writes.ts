import type { History } from './history.ts'

/**
 * For each decisive write after which a field is as it was before another thread's last write to it: that write.
 * @param decisive by field, the index of its decisive write. @returns by field, the index of the write that it undid.
 */
export function undoneWrites(
  { replayed: { steps, states }, changed }: History,
  decisive: ReadonlyMap<number, number>,
): Map<number, number> {
  return new Map(
    [...decisive].flatMap(([field, last]): [number, number][] => {
      const undone = changed.findLastIndex((fields, step) => step < last && fields.has(field))
      if (undone < 0 || steps[undone].thread === steps[last].thread) return []
      const after = states[last + 1] as Uint16Array | undefined
      return after?.[field] === states[undone][field] ? [[field, undone]] : []
    }),
  )
}
