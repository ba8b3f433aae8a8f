import { addedProperties, type Design } from '../../model/designs/design.ts'
import { expectedVerdict, isAsExpected } from '../../model/designs/expectation.ts'
import type { Property } from '../../model/language/property.ts'
import type { System } from '../../model/language/system.ts'
import type { Scenario } from '../../model/scenarios/scenario.ts'
import { breadthFirst, type SearchOptions, type SearchResult, type Verdict } from '../search/index.ts'

/** One search of the table: a design in one of its scenarios. */
export interface CellRun<W> {
  readonly design: Design<W>
  readonly scenario: Scenario<W>
  readonly system: System<W>
  /** What was judged, in the order of the result. */
  readonly properties: readonly Property<W>[]
  readonly result: SearchResult
}

/** A cell whose verdict is not the expected one. */
export interface Mismatch {
  readonly design: string
  readonly scenario: string
  readonly property: string
  readonly expected: Verdict
  readonly found: Verdict
  /** Steps of the shortest violation found. */
  readonly length: number | null
}

/** The properties that a scenario checks. @throws Error for one that does not exist. */
export function propertiesOf<W>(scenario: Scenario<W>, properties: readonly Property<W>[]): Property<W>[] {
  return scenario.properties.map((id) => {
    const found = properties.find((property) => property.id === id)
    if (found === undefined)
      throw new Error(`scenario ${scenario.id} names property ${id}, which does not exist`)
    return found
  })
}

/**
 * Searches one design in one scenario, with all properties of the scenario and those that the design adds; every
 * recording is made twice.
 * @param system the design in the scenario, where it is built already.
 */
export function runCell<W>(
  design: Design<W>,
  scenario: Scenario<W>,
  properties: readonly Property<W>[],
  options: SearchOptions = {},
  system: System<W> = scenario.build(design),
): CellRun<W> {
  const judged = [...propertiesOf(scenario, properties), ...addedProperties(design, scenario.id)]
  const result = breadthFirst(system, judged, {
    recheck: 'all',
    ...options,
  })
  return { design, scenario, system, properties: judged, result }
}

/** The cells of a run that are not as expected, pinned lengths included. */
export function mismatches<W>({ design, scenario, result }: CellRun<W>): Mismatch[] {
  return result.properties.flatMap((found) => {
    const { id, verdict, trace } = found
    const expected = expectedVerdict(design, scenario.id, found)
    const isExpected = isAsExpected(design, scenario.id, found)
    const pinned = design.expect.find((e) => e.scenario === scenario.id && e.property === id)?.length
    const length = trace?.steps.length ?? null
    if (isExpected && (pinned === undefined || pinned === length)) return []
    return [{ design: design.id, scenario: scenario.id, property: id, expected, found: verdict, length }]
  })
}
