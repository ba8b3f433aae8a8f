import type { Patch } from '../language/patch.ts'
import type { System } from '../language/system.ts'

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
  /** Builds the system with a design's patches. @throws ModelError when a patch does not fit. */
  build(patches: readonly Patch<W>[]): System<W>
}

/** The bounds that are in use, as numbers, for listings: a list counts its elements, what is off is left out. */
export function shownBounds(bounds: object): Record<string, number> {
  const sizes = Object.entries(bounds).map(([name, value]): [string, number] => [
    name,
    Array.isArray(value) ? value.length : Number(value),
  ])
  return Object.fromEntries(sizes.filter(([, size]) => size > 0))
}
