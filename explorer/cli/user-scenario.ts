import { z } from 'zod'
import { isJudgedByDefault } from '../../model/designs/judged-properties.ts'
import { ModelError } from '../../model/language/errors.ts'
import type { Property } from '../../model/language/property.ts'
import { LONGEST_MESSAGE, quoted, quotedPath } from '../../model/language/quoted.ts'
import type { Scenario } from '../../model/scenarios/scenario.ts'
import { boundOptionsOf } from './bound-options.ts'
import { type Catalogue, findNamed, lookUp } from './catalogue.ts'
import { UsageError } from './errors.ts'
import { readJson } from './json-file.ts'
import { nearest } from './nearest.ts'
import { firstIssue } from './options.ts'

/** The contents of a scenario file: plain data, from which every thread and process builds the scenario itself. */
export interface ScenarioData {
  readonly id: string
  readonly [member: string]: unknown
}

/** A user's scenario and its file, which is read once: it may be a pipe, or change. */
export interface UserScenario<W = unknown> {
  readonly scenario: Scenario<W>
  /** What was in the file. */
  readonly data: ScenarioData
  /** Path, as the user gave it. */
  readonly file: string
}

/**
 * Reads a scenario from a JSON file.
 * @throws UsageError for a file that cannot be read, is too large, is no scenario, takes a known scenario's name,
 *   names a property that does not exist (with the nearest name), leaves out one that would not be judged, or has bounds
 *   or a start that make no sense.
 */
export function readScenario<W>(catalogue: Catalogue<W>, path: string): UserScenario<W> {
  const data = readJson('scenario', path)
  // The cast is safe once the scenario was built: that validates the data.
  return { scenario: scenarioOf(catalogue, data, quotedPath(path)), data: data as ScenarioData, file: path }
}

/**
 * The scenario that the contents of a file describe.
 * @param where name of the file, for errors.
 * @throws UsageError as `readScenario`.
 */
export function scenarioOf<W>(catalogue: Catalogue<W>, data: unknown, where: string): Scenario<W> {
  const made = madeFrom(catalogue, data, where)
  if (findNamed(catalogue.scenarios, made.id) !== undefined) {
    throw new UsageError(`${where}: id: "${made.id}" is the name of a scenario that exists; choose another`)
  }
  const propertyIn = (member: string, name: string): Property<W> => {
    try {
      return lookUp('property', catalogue.properties, name)
    } catch (error) {
      if (!(error instanceof UsageError)) throw error
      throw new UsageError(`${where}: ${member}: ${error.message}`)
    }
  }
  const properties = made.properties.map((name) => propertyIn('properties', name).id)
  const leavesOut = Object.entries(made.leavesOut ?? {}).map(([name, why]) => {
    const property = propertyIn('leavesOut', name)
    if (properties.includes(property.id) || !isJudgedByDefault({ ...made, leavesOut: {} }, property))
      throw new UsageError(
        `${where}: leavesOut: ${property.id} is not judged here by default; do not list it`,
      )
    return [property.id, why]
  })
  return { ...made, properties: [...new Set(properties)], leavesOut: Object.fromEntries(leavesOut) }
}

function madeFrom<W>(catalogue: Catalogue<W>, data: unknown, where: string): Scenario<W> {
  const { scenarioFrom } = catalogue
  if (scenarioFrom === undefined) throw new UsageError(`${where}: no scenario can be given as a file here`)
  try {
    return scenarioFrom(data)
  } catch (error) {
    if (error instanceof z.ZodError) {
      throw new UsageError(`${where}: ${firstIssue(error)}${boundHint(catalogue, error)}`)
    }
    if (error instanceof ModelError)
      throw new UsageError(`${where}: ${quoted(error.message, LONGEST_MESSAGE)}`)
    throw error
  }
}

/** Where to read about bounds if one is wrong, and the bound that was probably meant. */
function boundHint(catalogue: Pick<Catalogue<never>, 'scenarioSchema'>, error: z.ZodError): string {
  const [issue] = error.issues
  const [member, ...path] = issue.path.map(String)
  if (member !== 'bounds') return ''
  const ids = boundOptionsOf(catalogue).flatMap(({ id, group }) => [
    id,
    ...(group === null ? [] : [group.id]),
  ])
  const near = issue.code === 'unrecognized_keys' ? nearest([...path, issue.keys[0]].join('.'), ids) : null
  return `; ${near === null ? '' : `did you mean ${near}? `}see mmucheck list bounds`
}

/** The catalogue with the user's scenarios added. */
export function withScenarios<W>(
  catalogue: Catalogue<W>,
  own: readonly Pick<UserScenario<W>, 'scenario'>[],
): Catalogue<W> {
  if (own.length === 0) return catalogue
  return { ...catalogue, scenarios: [...catalogue.scenarios, ...own.map(({ scenario }) => scenario)] }
}
