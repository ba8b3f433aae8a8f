import type { Design } from '../../model/designs/design.ts'
import { ModelError } from '../../model/language/errors.ts'
import type { Property } from '../../model/language/property.ts'
import type { Scenario } from '../../model/scenarios/scenario.ts'
import { type Catalogue, findProperty, findScenario, UPSTREAM } from './catalogue.ts'
import { UsageError } from './errors.ts'

/** One search: a scenario run with a design, judged by some of the scenario's properties. */
export interface Cell<W = unknown> {
  readonly scenario: Scenario<W>
  readonly design: Design<W>
  readonly properties: readonly Property<W>[]
}

/** What the user named; an empty list means "all that fit". */
export interface Selection<W = unknown> {
  readonly scenarios: readonly string[]
  readonly designs: readonly Design<W>[]
  readonly properties: readonly string[]
}

/**
 * The searches to make. Without scenarios a design is checked in those it names, upstream in all. Without
 * properties each scenario is judged by all of its own.
 * @throws UsageError for an unknown name, or a property that no chosen scenario checks.
 */
export function planOf<W>(catalogue: Catalogue<W>, selection: Selection<W>): Cell<W>[] {
  const named = unique(selection.scenarios.map((name) => findScenario(catalogue, name)))
  const wanted = unique(selection.properties.map((name) => findProperty(catalogue, name)))
  const cells = unique(selection.designs).flatMap((design) =>
    (named.length > 0 ? named : scenariosOf(catalogue, design)).map((scenario): Cell<W> => {
      const own = scenario.properties.map((id) => findProperty(catalogue, id))
      return {
        scenario,
        design,
        properties: wanted.length === 0 ? own : own.filter((p) => wanted.includes(p)),
      }
    }),
  )
  for (const property of wanted) {
    if (cells.some((cell) => cell.properties.includes(property))) continue
    const where = catalogue.scenarios.filter((s) => s.properties.includes(property.id)).map((s) => s.id)
    const hint = where.length === 0 ? 'no scenario checks it' : `it is checked in ${where.join(', ')}`
    throw new UsageError(`property ${property.id} is not checked in any chosen scenario; ${hint}`)
  }
  const asked = cells.filter((cell) => cell.properties.length > 0)
  if (asked.length === 0) throw new UsageError('nothing to check: no scenario was chosen')
  return asked
}

/**
 * Finds a patch that does not fit before anything is searched or written.
 * @throws ModelError for one that fits nowhere, UsageError where the design names other scenarios.
 */
export function checkPatches(cells: readonly Cell[]): void {
  for (const { scenario, design } of cells) {
    try {
      scenario.build(design.patches)
    } catch (error) {
      if (!(error instanceof ModelError) || design.scenarios.length === 0) throw error
      if (design.scenarios.includes(scenario.id)) throw error
      throw new UsageError(
        `design ${design.id} does not fit scenario ${scenario.id} (${error.message}); it is for ${design.scenarios.join(', ')}`,
      )
    }
  }
}

/** The scenarios in which a design can be seen; upstream is at home in all. */
export function scenariosOf<W>(catalogue: Catalogue<W>, design: Design<W>): Scenario<W>[] {
  if (design.id === UPSTREAM) return [...catalogue.scenarios]
  return design.scenarios.map((id) => findScenario(catalogue, id))
}

const unique = <T>(all: readonly T[]): T[] => [...new Set(all)]
