import type { Design } from '../../model/designs/design.ts'
import { isAlwaysJudged } from '../../model/designs/judged-properties.ts'
import type { Question } from '../../model/designs/questions.ts'
import type { SurvivingMutant } from '../../model/designs/survival.ts'
import type { Kernel } from '../../model/kernels/kernel.ts'
import type { Cost } from '../../model/language/cost.ts'
import type { Drawing } from '../../model/language/picture.ts'
import type { Step } from '../../model/language/program.ts'
import type { OopsFreedom, Property } from '../../model/language/property.ts'
import { quoted } from '../../model/language/quoted.ts'
import type { Scenario } from '../../model/scenarios/scenario.ts'
import type { DesignModules } from './design-code/design-code.ts'
import { UsageError } from './errors.ts'
import type { MachineIndex } from './machine-index.ts'
import { isPathOf, machinesOf } from './machines.ts'
import { unknownName } from './nearest.ts'
import type { TracedModel } from './trace/traced-model.ts'

/** A scenario with a design, by id. */
export interface CellName {
  readonly scenario: string
  readonly design: string
}

/** The design question that a run without arguments opens with, a wrong answer and the right one. */
export interface Featured {
  /** The question, in one or two sentences. */
  readonly question: string
  readonly broken: CellName
  readonly fixed: CellName
}

/** The sources of the program that is modelled, which `drift` compares the steps with. */
export interface CitedSources {
  /** Folders and files of a source tree that contain the cited functions. */
  readonly paths: readonly string[]
  /** Versions that were read, oldest first, `v6.12`. */
  readonly versions: readonly string[]
  /** Folder of this package with the facts of each version, `v6.12.json`. */
  readonly facts: string
  /** Whether a step stands for code of a version: false for one of another version, of the hardware, of a guest. */
  standsForCode(step: Step<never>, version: string): boolean
}

/** What was recorded of all cells, which the gate compares with. */
export interface GateRecords<W> {
  /** Folder of this package with the baselines. */
  readonly baselines: string
  /** The scenarios in which a kernel has other steps than the newest one. */
  scenariosThatDiffer(kernel: Kernel<W>): ReadonlySet<string>
}

/** Everything that can be checked. `W` is the type of the shared memory that all of it is written for. */
export interface Catalogue<W = unknown> {
  readonly scenarios: readonly Scenario<W>[]
  readonly designs: readonly Design<W>[]
  readonly properties: readonly Property<W>[]
  readonly featured?: Featured
  /**
   * Builds a scenario from the contents of a user's file; absent if this catalogue takes no scenario files.
   * @throws ZodError for contents of the wrong shape, ModelError for bounds or a start that make no sense.
   */
  readonly scenarioFrom?: (data: unknown) => Scenario<W>
  /** The contents of scenario files that are smaller than these in one thing; some of them make no sense. */
  readonly smallerScenarios?: (
    contents: Readonly<Record<string, unknown>>,
  ) => Iterable<Readonly<Record<string, unknown>>>
  /** The JSON Schema of scenario files, which describes the bounds. */
  readonly scenarioSchema?: () => object
  /** The kernels that the scenarios are of, oldest first; absent if there is only one. */
  readonly kernels?: readonly Kernel<W>[]
  /** The kernel that these scenarios and designs are of; absent before one is chosen. */
  readonly kernel?: Kernel<W>
  /** Scenarios and designs that the chosen kernel does not have, each with the reason as a sentence. */
  readonly absent?: readonly (Named & { readonly why: string })[]
  /** Design questions; a run without arguments checks the cells that answer them, besides upstream. */
  readonly questions?: readonly Question[]
  /** The C that starts the code of a thread in a test of the real program, by kind of thread. */
  readonly triggers?: Readonly<Record<string, string>>
  /** How states are drawn on pages; absent if pages have no pictures. */
  readonly drawing?: Drawing<W>
  /** Absent if the model cites no sources. */
  readonly sources?: CitedSources
  /** Folder of the checkout with the sources of the properties; absent if that is not known. */
  readonly propertySources?: string
  /** How logs of the real system are read; absent if the model knows none. */
  readonly traces?: () => Promise<TracedModel<W>>
  /** Folder of this package with documents about the model, whose tables are searched for words. */
  readonly documents?: string
  /** Folder of this package with an example of a design that is code, which `init` copies; absent if there is none. */
  readonly example?: string
  /** The modules about this model that designs which are code can import, besides those for any model. */
  readonly modules?: DesignModules
  /** What designs are compared by, besides verdicts; absent for nothing. */
  readonly costs?: readonly Cost[]
  /** What is known of the threads without building their programs; null where nothing is. Of the newest kernel only. */
  readonly machineIndex?: () => MachineIndex | null
  /** Absent if nothing was recorded. */
  readonly gate?: GateRecords<W>
  /** What is known of small changes, by the kind of change (`drop`); absent for a kind that was not reviewed. */
  readonly mutants?: Readonly<Record<string, KnownMutants | undefined>>
}

/** What is known of the changes of one kind that are made one at a time. */
export interface KnownMutants {
  /** Those that no property notices, with the reasons. */
  readonly surviving: readonly SurvivingMutant[]
  /** Scenarios to search first, by change. */
  readonly noticedIn: Readonly<Record<string, string>>
}

/**
 * Erases the world type of a catalogue. Safe as long as its scenarios, designs and properties
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
 * Finds by id or alias, ignoring case.
 * @throws UsageError naming the nearest known name.
 */
export function lookUp<T extends Named>(kind: string, all: readonly T[], name: string): T {
  const found = findNamed(all, name)
  if (found !== undefined) return found
  throw new UsageError(unknownName(kind, name, namesOf(all)))
}

/** Everything in a catalogue that has a name. */
export const namedIn = (catalogue: Catalogue): readonly Named[] => [
  ...allProperties(catalogue),
  ...catalogue.designs,
  ...catalogue.scenarios,
  ...(catalogue.questions ?? []),
]

/** Ids and aliases. */
export const namesOf = (all: readonly Named[]): string[] =>
  all.flatMap(({ id, aliases = [] }) => [id, ...aliases])

/**
 * As `lookUp`; the message for a name of something else says what that is, and the command that takes it.
 * @throws UsageError
 */
function lookUpIn<T extends Named>(
  catalogue: Partial<Catalogue<never>>,
  kind: string,
  all: readonly T[],
  name: string,
): T {
  const found = findNamed(all, name)
  if (found !== undefined) return found
  const absent = findNamed(catalogue.absent ?? [], name)
  if (absent !== undefined) throw new UsageError(absent.why)
  const hint = hintFor(catalogue, name)
  throw new UsageError(
    hint === null ? unknownName(kind, name, namesOf(all)) : `no ${kind} is called "${quoted(name)}"; ${hint}`,
  )
}

/** `it is a design: mmucheck check --design R1`, or null for a name that nothing has. */
export function hintFor(catalogue: Partial<Catalogue<never>>, name: string): string | null {
  const { designs = [], scenarios = [], properties = [], questions = [] } = catalogue
  const shown = quoted(name)
  const added = designs.flatMap(({ adds }) => adds?.properties ?? [])
  if (findNamed(designs, name) !== undefined) return `it is a design: mmucheck check --design ${shown}`
  if (findNamed(scenarios, name) !== undefined) return `it is a scenario: mmucheck check ${shown}`
  if (findNamed([...properties, ...added], name) !== undefined)
    return `it is a property: mmucheck check --property ${shown}`
  if (findNamed(questions, name) !== undefined) return `it is a question: mmucheck explain ${shown}`
  // The catalogue is complete where its world is erased, and machines do not depend on the world.
  const machines = machinesOf({ ...catalogue, designs, scenarios } as unknown as Catalogue)
  if (findNamed(machines, name) !== undefined) return `it is a machine: mmucheck explain ${shown}`
  if (machines.some(({ paths }) => [...paths].some((path) => isPathOf(path, name))))
    return `it is a step: mmucheck explain ${shown}`
  return null
}

/** As `lookUp`, but undefined when there is no such name. */
export function findNamed<T extends Named>(all: readonly T[], name: string): T | undefined {
  const wanted = name.toLowerCase()
  const byId = all.find((each) => each.id.toLowerCase() === wanted)
  return byId ?? all.find((each) => (each.aliases ?? []).some((alias) => alias.toLowerCase() === wanted))
}

/** @throws UsageError for a name that no scenario has. */
export function findScenario<W>(catalogue: Pick<Catalogue<W>, 'scenarios'>, name: string): Scenario<W> {
  return lookUpIn(catalogue, 'scenario', catalogue.scenarios, name)
}

/** The scenarios that a design names, in that order; all for upstream. @throws UsageError for one that does not exist. */
export function scenariosOf<W>(catalogue: Pick<Catalogue<W>, 'scenarios'>, design: Design<W>): Scenario<W>[] {
  if (design.id === UPSTREAM) return [...catalogue.scenarios]
  return design.scenarios.map((id) => findScenario(catalogue, id))
}

/** @throws UsageError for a name that no design has. */
export function findDesign<W>(catalogue: Catalogue<W>, name: string): Design<W> {
  return lookUpIn(catalogue, 'design', catalogue.designs, name)
}

/**
 * @param design the one that is searched: two designs may add different properties under one id.
 * @throws UsageError for a name that no property has, of the model or of this design.
 */
export function findProperty<W>(
  catalogue: Catalogue<W>,
  name: string,
  { adds }: Pick<Design<W>, 'adds'> = {},
): Property<W> {
  return lookUpIn(catalogue, 'property', [...catalogue.properties, ...(adds?.properties ?? [])], name)
}

/** A property of the model or of any design. @throws UsageError for a name that none has. */
export function findAnyProperty<W>(catalogue: Catalogue<W>, name: string): Property<W> {
  return lookUpIn(catalogue, 'property', allProperties(catalogue), name)
}

/** The properties of the model, then those that designs add, one of each id; for listings. */
export function allProperties<W>({ properties, designs }: Catalogue<W>): readonly Property<W>[] {
  const added = designs.flatMap(({ adds }) => adds?.properties ?? [])
  const byId = new Map(added.map((property) => [property.id, property]))
  return [...properties, ...byId.values()]
}

/** What every check judges, requested or not: deadlocks and oopses. */
export function alwaysJudged<W>({ properties }: Catalogue<W>): Property<W>[] {
  return properties.filter(isAlwaysJudged)
}

/** The properties that forbid an oops, which ends the behaviour; those that the design adds included. */
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
