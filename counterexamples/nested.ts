/** A line about a variable, with the path that it is about. */
export interface Entry {
  readonly path: string
  /** What comes after the path: `: 0 -> 1`. */
  readonly text: string
}

/**
 * Entries as a tree: those of one object stand below its name, `vcpu[0]` or `page[1].spte[0]`, without it. A single one
 * keeps its whole path.
 */
export function nested(entries: readonly Entry[]): string[] {
  const groups = new Map<string, Entry[]>()
  for (const entry of entries) {
    const head = headOf(entry.path)
    groups.set(head, [...(groups.get(head) ?? []), entry])
  }
  return [...groups].flatMap(([head, group]) => {
    const [{ path, text }] = group
    if (group.length === 1) return [`${path}${text}`]
    const below = group.map((entry) => ({ ...entry, path: entry.path.slice(head.length).replace(/^\./, '') }))
    return [head, ...nested(below).map((line) => `  ${line}`)]
  })
}

/** The first component of a path that has several, with its index; the whole path of a variable outside any object. */
function headOf(path: string): string {
  const end = path.indexOf('.')
  return end < 0 ? path : path.slice(0, end)
}
