import { closest, distance } from 'fastest-levenshtein'
import { quoted } from '../../model/language/quoted.ts'

/** No name is longer than this, and the search for a near one takes time with the length. */
const LONGEST = 200

/**
 * The known name that the user most likely meant, or null when none is near: at most a third of the letters may
 * differ. Case is ignored.
 */
export function nearest(name: string, known: readonly string[]): string | null {
  if (known.length === 0 || name.length > LONGEST) return null
  const wanted = name.toLowerCase()
  const lower = known.map((k) => k.toLowerCase())
  const starts = lower.findIndex((k) => wanted.length >= 3 && k.startsWith(wanted))
  if (starts >= 0) return known[starts]
  const best = closest(wanted, lower)
  const allowed = Math.ceil(Math.max(wanted.length, best.length) / 3)
  return distance(wanted, best) <= allowed ? known[lower.indexOf(best)] : null
}

/** The argument of `mmucheck list` that lists names of a kind. */
const LISTS: Readonly<Record<string, string | undefined>> = {
  scenario: 'scenarios',
  design: 'designs',
  property: 'properties',
  machine: 'machines',
}

/** `no scenario is called "roots-zap"; did you mean roots-zap-all?`, or `nothing is called ...`. */
export function unknownName(kind: string | null, name: string, known: readonly string[]): string {
  const near = nearest(name, known)
  const list = kind === null ? '' : LISTS[kind]
  const lists = list === undefined ? '' : `; see mmucheck list${list === '' ? '' : ` ${list}`}`
  const hint = near === null ? lists : `; did you mean ${near}?`
  return `${kind === null ? 'nothing' : `no ${kind}`} is called "${quoted(name)}"${hint}`
}
