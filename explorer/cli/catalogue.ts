import type { Design } from '../../model/designs/design.ts'
import { isAlwaysJudged } from '../../model/designs/judged-properties.ts'
import type { Question } from '../../model/designs/questions.ts'
import type { OopsFreedom, Property } from '../../model/language/property.ts'
import type { Scenario } from '../../model/scenarios/scenario.ts'
import { UsageError } from './errors.ts'
import { unknownName } from './nearest.ts'

/** A scenario and a design of it. */
export interface CellName {
  readonly scenario: string
  readonly design: string
}

/** What a run without arguments opens with: a design question, the wrong answer and the right one. */
export interface Featured {
  /** The question, in one or two sentences. */
  readonly question: string
  readonly broken: CellName
  readonly fixed: CellName
}

/** Everything that can be checked. `W` is the world that all of it is written against. */
export interface Catalogue<W = unknown> {
  readonly scenarios: readonly Scenario<W>[]
  readonly designs: readonly Design<W>[]
  readonly properties: readonly Property<W>[]
  readonly featured?: Featured
  /**
   * Makes a scenario from the contents of a user's file; absent where scenarios cannot be given so.
   * @throws ZodError for contents of another shape, ModelError with a sentence for such as make no sense.
   */
  readonly scenarioFrom?: (data: unknown) => Scenario<W>
  /** Design questions with the cells that answer them, which a run without arguments checks besides upstream. */
  readonly questions?: readonly Question[]
}

/**
 * Forgets which world a catalogue is written against. Safe as long as its scenarios, designs and properties
 * are only used with each other.
 */
export function anyWorld<W>(catalogue: Catalogue<W>): Catalogue {
  return catalogue as unknown as Catalogue
}

/** Anything that is looked up by name. */
export interface Named {
  readonly id: string
  readonly aliases?: readonly string[]
}

/** The design without patches. */
export const UPSTREAM = 'upstream'

/**
 * Finds by id or alias, without regard to case.
 * @throws UsageError naming the nearest known name.
 */
export function lookUp<T extends Named>(kind: string, all: readonly T[], name: string): T {
  const found = findNamed(all, name)
  if (found !== undefined) return found
  const known = all.flatMap((each) => [each.id, ...(each.aliases ?? [])])
  throw new UsageError(unknownName(kind, name, known))
}

/** As `lookUp`, but undefined when there is no such name. */
export function findNamed<T extends Named>(all: readonly T[], name: string): T | undefined {
  const wanted = name.toLowerCase()
  const byId = all.find((each) => each.id.toLowerCase() === wanted)
  return byId ?? all.find((each) => (each.aliases ?? []).some((alias) => alias.toLowerCase() === wanted))
}

/** @throws UsageError for a name that no scenario has. */
export function findScenario<W>({ scenarios }: Pick<Catalogue<W>, 'scenarios'>, name: string): Scenario<W> {
  return lookUp('scenario', scenarios, name)
}

/** The scenarios that a design names, in that order; all for upstream. @throws UsageError for one that does not exist. */
export function scenariosOf<W>(catalogue: Pick<Catalogue<W>, 'scenarios'>, design: Design<W>): Scenario<W>[] {
  if (design.id === UPSTREAM) return [...catalogue.scenarios]
  return design.scenarios.map((id) => findScenario(catalogue, id))
}

/** @throws UsageError for a name that no design has. */
export function findDesign<W>({ designs }: Catalogue<W>, name: string): Design<W> {
  return lookUp('design', designs, name)
}

/**
 * @param design the one that is searched: designs may add properties that have one id and differ.
 * @throws UsageError for a name that no property has, of the model or of this design.
 */
export function findProperty<W>(
  { properties }: Catalogue<W>,
  name: string,
  { adds }: Pick<Design<W>, 'adds'> = {},
): Property<W> {
  return lookUp('property', [...properties, ...(adds?.properties ?? [])], name)
}

/** The properties of the model and after them those that designs add, for listings: one of each id. */
export function allProperties<W>({ properties, designs }: Catalogue<W>): readonly Property<W>[] {
  const added = designs.flatMap(({ adds }) => adds?.properties ?? [])
  const byId = new Map(added.map((property) => [property.id, property]))
  return [...properties, ...byId.values()]
}

/** What every check judges, asked for or not: deadlocks, and what must not happen in a step. */
export function alwaysJudged<W>({ properties }: Catalogue<W>): Property<W>[] {
  return properties.filter(isAlwaysJudged)
}

/** What must not happen in a step: a behaviour ends there. */
export function oopsPropertiesOf(
  { properties }: Catalogue,
  { adds }: Pick<Design<unknown>, 'adds'>,
): OopsFreedom[] {
  return [...properties, ...(adds?.properties ?? [])].filter((p) => p.kind === 'fault')
}

/** `id (R1, D2)`, or just the id. */
export function titled({ id, aliases }: Named): string {
  return aliases === undefined || aliases.length === 0 ? id : `${id} (${aliases.join(', ')})`
}
