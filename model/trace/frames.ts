import type { Census } from './census.ts'

/** Bits of a frame number that one level of a table translates. */
const DIGIT = 9
const ENTRIES = 1 << DIGIT

/** Ids of frames and of positions in tables. */
export interface FrameIds {
  readonly gfns: ReadonlyMap<number, number>
  readonly indices: ReadonlyMap<number, number>
  /** The id that stands for all frames that nothing maps or shadows. */
  readonly other: number
  /** One more than the largest id of each. */
  readonly gfnCount: number
  readonly indexCount: number
}

/**
 * Renames frames and positions. Properties compute with them in two ways, which the ids have to keep: a direct page maps
 * frame `gfn + index` (its id has to be the sum of their ids), and a huge SPTE maps the frames from `gfn` on, as many as
 * a table has entries (their ids have to follow that of the first).
 * @param most the ids that there may be of each.
 * @returns null if there are too many.
 */
export function frameIds({ gfns, indices, tables, npt }: Census, most: number): FrameIds | null {
  const ids = npt ? sums([...gfns], [...indices], most) : inOrder([...gfns], [...tables], [...indices])
  const { gfnCount, indexCount } = ids
  return gfnCount > most * 4 || indexCount > most ? null : { ...ids, other: gfnCount, gfnCount: gfnCount + 1 }
}

/** Without direct pages: tables first, each region of huge pages in one piece behind everything else. */
function inOrder(gfns: number[], tables: number[], indices: number[]): Omit<FrameIds, 'other'> {
  const byNumber = (a: number, b: number): number => a - b
  const frames = [...new Set([...tables.sort(byNumber), ...gfns.sort(byNumber)])]
  const positions = new Map(indices.sort(byNumber).map((index, id) => [index, id]))
  // Frames of one 2 MiB region that no table is in may be mapped by one SPTE: the first comes with room behind it.
  const heads = frames.filter(
    (gfn) => gfn % ENTRIES === 0 && !tables.some((table) => region(table) === region(gfn)),
  )
  const ids = new Map<number, number>()
  let next = 0
  for (const gfn of frames) if (!heads.some((head) => region(head) === region(gfn))) ids.set(gfn, next++)
  for (const head of heads) {
    ids.set(head, next)
    let within = 1
    for (const gfn of frames) if (gfn !== head && region(gfn) === region(head)) ids.set(gfn, next + within++)
    next += Math.max(within, positions.size)
  }
  return { gfns: ids, indices: positions, gfnCount: next, indexCount: Math.max(1, positions.size) }
}

const region = (gfn: number): number => Math.floor(gfn / ENTRIES)

/**
 * With direct pages: the id of a frame is the sum of the ids of its digits, the positions in the tables that lead to it.
 * They are chosen one after the other so that no two frames of the log get the same id.
 */
function sums(gfns: number[], indices: number[], most: number): Omit<FrameIds, 'other'> {
  const digits = new Set<number>([0, ...indices])
  for (const gfn of gfns) for (const digit of digitsOf(gfn)) digits.add(digit)
  const ids = new Map<number, number>()
  const used = new Set<number>()
  const collides = (): boolean => {
    const known = gfns.filter((gfn) => digitsOf(gfn).every((digit) => ids.has(digit)))
    return new Set(known.map((gfn) => sumOf(gfn, ids))).size < known.length
  }
  for (const digit of [...digits].sort((a, b) => a - b)) {
    let id = 0
    do {
      while (used.has(id)) id++
      ids.set(digit, id)
      if (!collides()) break
      id++
    } while (id <= most)
    used.add(id)
  }
  const frames = new Map(gfns.map((gfn) => [gfn, sumOf(gfn, ids)]))
  return {
    gfns: frames,
    indices: ids,
    gfnCount: Math.max(0, ...frames.values()) + 1,
    indexCount: Math.max(...ids.values()) + 1,
  }
}

/** Positions of a frame in the tables of levels 1 to 4. */
function digitsOf(gfn: number): number[] {
  const digits: number[] = []
  for (let rest = gfn, level = 0; level < 4; level++, rest = Math.floor(rest / ENTRIES))
    digits.push(rest % ENTRIES)
  return digits
}

const sumOf = (gfn: number, ids: ReadonlyMap<number, number>): number =>
  digitsOf(gfn).reduce((sum, digit) => sum + (ids.get(digit) ?? 0), 0)
