import type { System } from '../language/system.ts'
import type { Change } from './additions.ts'

/**
 * A bounded composition: which threads run, how many of everything there is, from which initial states.
 * `W` is the world all its threads share.
 */
export interface Scenario<W> {
  /** Stable name, `roots-zap-all`. */
  readonly id: string
  readonly aliases: readonly string[]
  /** One sentence: what runs against what. */
  readonly title: string
  /** A paragraph: what it is meant to exercise, and what is left out. */
  readonly about: string
  /** The bounds, by what they count: `{ vcpus: 1, roots: 3 }`. */
  readonly bounds: Readonly<Record<string, number>>
  /** Too large for every run: searched when named, and by jobs that have the time. */
  readonly deep?: true
  /** Ids of the properties that are checked here. */
  readonly properties: readonly string[]
  /** Builds the system, with the change of a design. @throws ModelError when a patch does not fit. */
  build(change?: Change<W>): System<W>
}

/**
 * The bounds that are in use, as numbers, for listings: `shadow.pages` 5. A list counts its elements; what is
 * off is left out.
 */
export function shownBounds(bounds: object, prefix = ''): Record<string, number> {
  const sizes = Object.entries(bounds).flatMap(([name, value]): [string, number][] => {
    if (Array.isArray(value)) return [[prefix + name, value.length]]
    if (typeof value === 'object') return Object.entries(shownBounds(value, `${name}.`))
    return [[prefix + name, Number(value)]]
  })
  return Object.fromEntries(sizes.filter(([, size]) => size > 0))
}
