import type { Program } from '../language/program.ts'
import type { JudgedWhere } from '../language/property.ts'
import type { System } from '../language/system.ts'
import type { Change } from './additions.ts'

/**
 * A bounded system: its threads, its sizes and its initial states. `W` is the type of the memory that the threads
 * share.
 */
export interface Scenario<W> {
  /** Stable name, `roots-zap-all`. */
  readonly id: string
  readonly aliases: readonly string[]
  /** The scenario in one line: what runs against what. */
  readonly title: string
  /** What the scenario exercises, and what it leaves out. */
  readonly about: string
  /** The bounds, by name: `{ vcpus: 1, roots: 3 }`. */
  readonly bounds: Readonly<Record<string, number>>
  /** Too large for the default run: searched only if named or asked for. */
  readonly deep?: true
  /** Ids of the properties to check, besides those that are judged by default. */
  readonly properties: readonly string[]
  /** Properties that are not judged although the contents call for them, by id, each with the reason. */
  readonly leavesOut?: Readonly<Record<string, string>>
  /** Whether the bounds are such as a property is judged for by default; absent: for none. */
  readonly contains?: (judgedWhere: JudgedWhere) => boolean
  /** The kernel that the programs are of, `6.1`; absent: the newest one. */
  readonly kernel?: string
  /** The contents of a scenario file that describes it, as JSON; absent for one that no file can describe. */
  contents?(): Readonly<Record<string, unknown>>
  /** Builds the system, with the change of a design. @throws ModelError if a patch does not fit. */
  build(change?: Change<W>): System<W>
  /** The programs of its threads, those that the change adds included, without its patches; cheaper than `build`. */
  programs?(change?: Change<W>): readonly Program<W>[]
}

/**
 * The bounds that are not off, flattened to numbers for listings: `shadow.pages` 5. A list counts its elements.
 */
export function shownBounds(bounds: object, prefix = ''): Record<string, number> {
  const sizes = Object.entries(bounds).flatMap(([name, value]): [string, number][] => {
    if (Array.isArray(value)) return [[prefix + name, value.length]]
    if (typeof value === 'object') return Object.entries(shownBounds(value, `${name}.`))
    return [[prefix + name, Number(value)]]
  })
  return Object.fromEntries(sizes.filter(([, size]) => size > 0))
}
