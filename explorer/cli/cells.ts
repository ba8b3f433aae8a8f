import type { Design } from '../../model/designs/design.ts'
import { isAlwaysJudged, judgedProperties } from '../../model/designs/judged-properties.ts'
import { ModelError } from '../../model/language/errors.ts'
import type { Property } from '../../model/language/property.ts'
import type { Scenario } from '../../model/scenarios/scenario.ts'
import { resolvedPrograms } from './built-programs.ts'
import {
  alwaysJudged,
  type Catalogue,
  findAnyProperty,
  findScenario,
  scenariosOf,
  UPSTREAM,
} from './catalogue.ts'
import { UsageError } from './errors.ts'
import type { UserFiles } from './user-files.ts'

/** One search, a cell of the matrix of scenarios and designs: what is searched, and what is judged in it. */
export interface Cell<W = unknown> {
  readonly scenario: Scenario<W>
  readonly design: Design<W>
  /** Requested by name; without names, those that the scenario lists or the design has an expectation for. */
  readonly properties: readonly Property<W>[]
  /** Judged, though not requested: what the contents of the scenario call for, deadlocks and oopses. */
  readonly unasked: readonly Property<W>[]
  /** Requested, but not judged here otherwise: what they are about may not be modelled in this scenario. */
  readonly foreign: readonly Property<W>[]
  /** The user's files that the scenario and the design come from. */
  readonly files?: UserFiles
}

/** What the user named; an empty list means "all that fit". */
export interface Selection<W = unknown> {
  readonly scenarios: readonly string[]
  readonly designs: readonly Design<W>[]
  readonly properties: readonly string[]
}

/**
 * The searches to run. Without scenarios a design is checked in those it names, upstream in all that are not deep.
 * Without properties each scenario is checked for all that it lists and those that the design adds. Any property can be
 * requested in a scenario that is named, and what is judged there by default in the scenarios of a design. Deadlocks and
 * oopses are always judged; what the contents of a scenario call for only if no property is requested.
 * @throws UsageError for an unknown name, a property that no chosen scenario checks, or a scenario or design that was
 *   named and would not be searched.
 */
export function cellsOf<W>(catalogue: Catalogue<W>, selection: Selection<W>): Cell<W>[] {
  const named = unique(selection.scenarios.map((name) => findScenario(catalogue, name)))
  const wanted = unique(selection.properties.map((name) => findAnyProperty(catalogue, name)))
  const isWanted = ({ id }: Property<W>): boolean => wanted.some((property) => property.id === id)
  const always = alwaysJudged(catalogue)
  const cells = unique(selection.designs).flatMap((design) =>
    (named.length > 0 ? named : usualScenarios(catalogue, design)).map((scenario): Cell<W> => {
      const { listed, byDefault } = judgedProperties(design, scenario, catalogue.properties)
      const expected = design.expect.filter((e) => e.scenario === scenario.id).map((e) => e.property)
      const own = unique([...listed, ...always.filter(({ id }) => expected.includes(id))])
      const added = design.adds?.properties ?? []
      const askable = unique([
        ...own,
        ...(named.length > 0 || design.id !== UPSTREAM ? [...byDefault, ...added] : []),
        ...(named.length > 0 ? catalogue.properties : []),
      ])
      const properties = wanted.length === 0 ? own : askable.filter(isWanted)
      const judged = [...listed, ...byDefault, ...added]
      return {
        scenario,
        design,
        properties,
        // Deadlocks and oopses are judged whatever was asked for, listed by the scenario or not.
        unasked: [...listed, ...byDefault].filter(
          (p) => !properties.includes(p) && (wanted.length === 0 || isAlwaysJudged(p)),
        ),
        foreign: properties.filter((p) => !judged.includes(p)),
      }
    }),
  )
  for (const property of wanted) {
    if (cells.some((cell) => cell.properties.some(({ id }) => id === property.id))) continue
    const where = catalogue.scenarios.filter((s) => s.properties.includes(property.id)).map((s) => s.id)
    const by = addersOf(catalogue, property).map(({ id }) => id)
    const nowhere = always.includes(property) ? 'name any scenario' : 'no scenario checks it'
    const added = by.length === 0 ? nowhere : `it is only checked with design ${by.join(', ')}`
    const hint = where.length === 0 ? added : `it is checked in ${where.join(', ')}`
    throw new UsageError(`property ${property.id} is not checked in any chosen scenario; ${hint}`)
  }
  refuseUnsearched(cells, named.length > 0)
  const asked = cells.filter((cell) => cell.properties.length > 0)
  if (asked.length === 0) throw new UsageError('nothing to check: no scenario was chosen')
  return asked
}

/** Refuses what was named but would not be searched: silence could be mistaken for "holds". */
function refuseUnsearched<W>(cells: readonly Cell<W>[], areScenariosNamed: boolean): void {
  for (const { scenario, design, properties } of cells) {
    if (properties.length > 0) continue
    const isElsewhere = cells.some((cell) => cell.design === design && cell.properties.length > 0)
    if (!areScenariosNamed && isElsewhere) continue
    const what = areScenariosNamed ? `in ${scenario.id} with design ${design.id}` : `with design ${design.id}`
    throw new UsageError(
      `no property is requested that can be checked ${what}; leave it out, or choose other properties`,
    )
  }
}

/**
 * Reports a patch that does not fit before anything is searched or written.
 * @throws ModelError, or UsageError if the design names other scenarios.
 */
export function checkPatches(cells: readonly Cell[]): void {
  for (const { scenario, design } of cells) {
    try {
      resolvedPrograms(scenario, design)
    } catch (error) {
      if (!(error instanceof ModelError) || design.scenarios.length === 0) throw error
      if (design.scenarios.includes(scenario.id)) throw error
      throw new UsageError(
        `design ${design.id} does not fit scenario ${scenario.id} (${error.message}); it is for ${design.scenarios.join(', ')}`,
      )
    }
  }
}

/** The designs that add a property; empty for one of the model. */
export function addersOf<W>({ designs }: Catalogue<W>, { id }: Property<W>): Design<W>[] {
  return designs.filter(({ adds }) => adds?.properties?.some((p) => p.id === id) === true)
}

/** As `scenariosOf`; of upstream only those that are not deep. */
function usualScenarios<W>(catalogue: Catalogue<W>, design: Design<W>): Scenario<W>[] {
  const all = scenariosOf(catalogue, design)
  return design.id === UPSTREAM ? all.filter(({ deep }) => deep !== true) : all
}

/** Lists the deep scenarios that the default run skips; empty when there are none. */
export function leftOut(scenarios: readonly Pick<Scenario<never>, 'id' | 'deep'>[]): string {
  const deep = new Set(scenarios.filter((s) => s.deep === true).map(({ id }) => id))
  return deep.size === 0 ? '' : `skipped unless named, because they take long: ${[...deep].join(', ')}`
}

const unique = <T>(all: readonly T[]): T[] => [...new Set(all)]
