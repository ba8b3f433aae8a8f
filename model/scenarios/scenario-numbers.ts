import type { Bounds } from '../memory/bounds.ts'
import type { Entry, Start } from './start.ts'

/** Numbers that refer to something (gfns, vCPUs, ...), how many of it exist, and the bound that says so. */
type Reference = readonly [
  where: string,
  numbers: readonly (number | null | undefined)[],
  size: number,
  bound: string,
]

/**
 * Finds a number in a scenario that refers to something that does not exist, for example a gfn or a vCPU.
 * @returns an error message, or null.
 */
export function numbersOutOfRange(bounds: Bounds, start: Start): string | null {
  for (const [where, numbers, size, bound] of [...inStart(bounds, start), ...inBounds(bounds)]) {
    const wrong = numbers.find((n) => typeof n === 'number' && n >= size)
    if (wrong === undefined) continue
    return `${where} names ${wrong}, but ${bound} is ${size}${size > 0 ? `: the last is ${size - 1}` : ''}`
  }
  return wrongLists(bounds, start)
}

function inStart(
  bounds: Bounds,
  { tables, pages = [], oldestFirst = [], cr3 = [], previous }: Start,
): Reference[] {
  const { gfns, pgds } = bounds.guest
  return [
    ['start.tables', tables.flat().map(targetOf), gfns, 'bounds.guest.gfns'],
    ['start.pages', pages.map(({ gfn }) => gfn), gfns, 'bounds.guest.gfns'],
    ['start.oldestFirst', oldestFirst, pages.length, 'the number of start.pages'],
    ['start.cr3', cr3, pgds, 'bounds.guest.pgds'],
    ['start.previous', [previous], pgds, 'bounds.guest.pgds'],
  ]
}

function inBounds({
  vcpus,
  guest,
  notifier,
  aging,
  dirtyLog,
  asyncPf,
  shadow,
  unprotect,
  externalWriter,
}: Bounds) {
  const { gfns, tables, entries, gvas, edits } = guest
  const frames = (where: string, of: readonly number[]): Reference => [
    `bounds.${where}`,
    of,
    gfns,
    'bounds.guest.gfns',
  ]
  const more: Reference[] = [
    frames('notifier.of', notifier.of),
    frames('aging.of', aging.of),
    frames('dirtyLog.of', dirtyLog.of),
    frames('asyncPf.swappedOut', asyncPf.swappedOut),
    frames(
      'guest.edits',
      edits.flatMap(({ to }) => to ?? []),
    ),
    frames(
      'externalWriter.stores',
      externalWriter.stores.flatMap(({ to }) => to ?? []),
    ),
    ['bounds.guest.reads', guest.reads ?? [], gvas, 'bounds.guest.gvas'],
    ['bounds.guest.writes', guest.writes ?? [], gvas, 'bounds.guest.gvas'],
    ['bounds.guest.edits: gva', edits.map((e) => e.gva), gvas, 'bounds.guest.gvas'],
    ['bounds.guest.edits: index', edits.map((e) => e.index), entries, 'the number of entries of a table'],
    [
      'bounds.guest.edits: emulatedInto',
      edits.map((e) => e.emulatedInto),
      tables,
      'the number of start.tables',
    ],
    ['bounds.guest.edits: by', edits.map((e) => e.by), vcpus, 'bounds.vcpus'],
    ['bounds.unprotect.stores: gva', unprotect.stores.map((s) => s.gva), gvas, 'bounds.guest.gvas'],
    ['bounds.unprotect.stores: by', unprotect.stores.map((s) => s.by), vcpus, 'bounds.vcpus'],
    [
      'bounds.externalWriter.stores: table',
      externalWriter.stores.map((s) => s.table),
      tables,
      'the number of start.tables',
    ],
    [
      'bounds.externalWriter.stores: index',
      externalWriter.stores.map((s) => s.index),
      entries,
      'the number of entries of a table',
    ],
    ['bounds.shadow.withoutGptes', shadow.withoutGptes, tables, 'the number of start.tables'],
  ]
  return more
}

/** Lists of a wrong length or order, and contradictory sizes. */
function wrongLists(
  bounds: Bounds,
  { tables, pages = [], oldestFirst, cr3, cr3Loads, previous }: Start,
): string | null {
  const { vcpus, guest, host, shadow, memslots, roots } = bounds
  // With PAE roots the top digit of an address chooses a root.
  const addresses = guest.entries ** shadow.levels * Math.max(1, roots.pae)
  const backed = guest.gfns - guest.mmioGfns
  const uneven = tables.findIndex((table) => table.length !== tables[0].length)
  const high = pages.findIndex(({ level }) => level > shadow.levels)
  const checks: readonly (readonly [wrong: boolean, message: string])[] = [
    [uneven >= 0, `start.tables: table ${uneven} has a different number of entries than table 0`],
    [
      pages.length > shadow.pages,
      `start.pages has ${pages.length} pages, but bounds.shadow.pages is ${shadow.pages}`,
    ],
    [high >= 0, `start.pages: the level of page ${high} is above bounds.shadow.levels, ${shadow.levels}`],
    [
      pages.some((p, n) => pages.findIndex((q) => q.gfn === p.gfn && q.level === p.level) !== n),
      'start.pages has two pages of one table at one level',
    ],
    [
      oldestFirst !== undefined && new Set(oldestFirst).size !== pages.length,
      'start.oldestFirst must name every page of start.pages once',
    ],
    [oldestFirst !== undefined && oldestFirst.length > pages.length, 'start.oldestFirst names a page twice'],
    [cr3 !== undefined && cr3.length !== vcpus, `start.cr3 must have an element for each vCPU, ${vcpus}`],
    [
      cr3Loads !== undefined && cr3Loads.length !== vcpus,
      `start.cr3Loads must have an element for each vCPU, ${vcpus}`,
    ],
    [
      cr3Loads?.some((n) => n > guest.cr3Loads) === true,
      `start.cr3Loads gives a vCPU more than bounds.guest.cr3Loads, ${guest.cr3Loads}`,
    ],
    [
      previous !== undefined && roots.prev === 0,
      'start.previous needs bounds.roots.prev: there is no previous root',
    ],
    [backed < guest.tables, 'bounds.guest.mmioGfns leaves too few gfns with memory for the tables'],
    [
      backed > host.pfns,
      `bounds.host.pfns is ${host.pfns}, but ${backed} gfns each need a host page at the start`,
    ],
    [
      memslots.of.length > guest.gfns,
      `bounds.memslots.of has more elements than bounds.guest.gfns, ${guest.gfns}`,
    ],
    [
      guest.gvas > addresses,
      `bounds.guest.gvas is ${guest.gvas}, but tables of ${guest.entries} entries at ${shadow.levels} levels have ${addresses} addresses`,
    ],
    [
      shadow.rootLevels.some((level) => level > shadow.levels),
      `bounds.shadow.rootLevels has a level above bounds.shadow.levels, ${shadow.levels}`,
    ],
    [
      !guest.huge && tables.flat().some((e) => e !== null && typeof e === 'object' && 'huge' in e),
      'start.tables has huge pages, which need bounds.guest.huge',
    ],
  ]
  return checks.find(([wrong]) => wrong)?.[1] ?? null
}

function targetOf(entry: Entry): number | null {
  if (entry === null || typeof entry === 'number') return entry
  return 'huge' in entry ? entry.huge : entry.to
}
