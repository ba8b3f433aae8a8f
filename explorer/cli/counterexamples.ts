import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Counterexample, ID, readCounterexample } from '../../counterexamples/counterexample-file.ts'
import { isPassedPipe } from '../../counterexamples/input-file.ts'
import { counterexampleFrom, keptById } from '../../counterexamples/known-file.ts'
import {
  type ReplayContext,
  ReplayDisagreement,
  type Replayed,
  replay,
} from '../../counterexamples/replay.ts'
import type { Design } from '../../model/designs/design.ts'
import { judgedProperties } from '../../model/designs/judged-properties.ts'
import type { OopsFreedom } from '../../model/language/property.ts'
import { printableJson, quoted, quotedPath } from '../../model/language/quoted.ts'
import { ReplayError } from '../../model/language/reference.ts'
import type { Scenario } from '../../model/scenarios/scenario.ts'
import { goalReachableIn, wayOnIn } from '../search/index.ts'
import { builtSystem } from './built-systems.ts'
import {
  type Catalogue,
  findNamed,
  findProperty,
  findScenario,
  hintFor,
  oopsPropertiesOf,
} from './catalogue.ts'
import { catalogueOfKernel } from './catalogue-of-kernel.ts'
import type { Checker } from './checker.ts'
import type { CommandContext } from './command-context.ts'
import { type DesignCode, shortHash } from './design-code/design-code.ts'
import { changedSteps } from './design-effect.ts'
import { designDataOf } from './design-file.ts'
import { InternalError, UsageError } from './errors.ts'
import { packageInfo } from './package-info.ts'
import { readUserDesign } from './read-user-design.ts'
import { designIn, readDesign, type UserDesign } from './user-design.ts'
import { carriedBy, type UserFiles } from './user-files.ts'
import { scenarioOf, withScenarios } from './user-scenario.ts'

/** Where a counterexample comes from. */
export interface Source {
  /** Path of a file, or `ce-...`. */
  readonly name: string
  /** Folder in which ids are looked up first. */
  readonly out: string
  /** Design file to use instead of the one that the counterexample contains. */
  readonly design?: string | undefined
}

/**
 * Finds a counterexample: by path, or by id in the output folder or among those that are kept with the model.
 * @throws UsageError when there is none; CounterexampleError for a file that cannot be understood.
 */
function named({ catalogue, version, modelHash }: Checker, { name, out }: Source): Counterexample {
  if (existsSync(name)) return readCounterexample(name)
  const id = name.replace(/\.json$/, '')
  if (!/[/\\]/.test(name)) {
    const written = join(out, `${id}.json`)
    if (existsSync(written)) return readCounterexample(written)
    const kept = ID.test(id) ? keptById(join(packageInfo().root, 'counterexamples', 'known'), id) : null
    // It belongs to this model, whose tests replay it, and not to the one that it was found in.
    if (kept !== null) return counterexampleFrom(kept.file, kept.known, { tool: version, model: modelHash() })
  }
  throw new UsageError(
    `there is no counterexample "${quotedPath(name)}": ${hintFor(catalogue, name) ?? `no such file, and no such id in ${quotedPath(out)} or among the known ones`}`,
  )
}

/**
 * Reads a counterexample and replays it by xstate alone.
 * @param given the user's files that it was found with, if they are known.
 * @throws CounterexampleError or UsageError for a file that cannot be understood, or that no longer fits the design
 *   file; InternalError when the model does not allow the behaviour or the property is not violated.
 */
export function load(checker: Checker, source: Source, given: GivenFiles = {}): Replayed {
  const found = named(checker, source)
  if (source.design === undefined) return replayed(checker, found, given)
  return replayedWith(checker, found, readDesign(catalogueFor(checker, found), source.design))
}

/** As `load`, with a design file that may be code. @throws also as `readUserDesign`. */
export async function loadWithDesign(
  context: Checker & Pick<CommandContext, 'vet' | 'io'>,
  source: Source,
): Promise<{ readonly replayed: Replayed; readonly given: { readonly design?: UserDesign } }> {
  if (source.design === undefined) return { replayed: load(context, source), given: {} }
  const found = named(context, source)
  const design = await readUserDesign(context, catalogueFor(context, found), source.design)
  const [then, now] = [found.designCode?.sha256, design.code?.sha256]
  if (then !== undefined && now !== undefined && then !== now)
    context.io.err(
      `mmucheck: warning: ${quotedPath(design.file)} is not as it was when ${found.id} was found (SHA-256 ${shortHash(now)}, then ${shortHash(then)})`,
    )
  return { replayed: replayedWith(context, found, design), given: { design } }
}

/** What a design file given for a counterexample is read with. */
function catalogueFor(checker: Checker, found: Counterexample): Catalogue {
  const catalogue = catalogueOfKernel(checker.catalogue, found.kernel)
  return withScenarios(catalogue, carriedScenarios(catalogue, found))
}

function replayedWith(checker: Checker, found: Counterexample, design: UserDesign): Replayed {
  const file = quotedPath(design.file)
  if (design.design.id !== found.design)
    throw new UsageError(
      `${file}: contains the design ${design.design.id}, but ${found.id} is of the design ${quoted(found.design)}`,
    )
  const { designFile: _, designCode, ...rest } = found
  try {
    return replayed(checker, { ...rest, ...carriedBy({ design }) }, { design })
  } catch (error) {
    if (!(error instanceof InternalError)) throw error
    const isOther = designCode !== undefined && designCode.sha256 !== design.code?.sha256
    const why = isOther
      ? `${file} is not as it was when ${found.id} was found.`
      : `has ${file} changed since ${found.id} was found?`
    throw new UsageError(`${error.message}; ${why} Check it again`)
  }
}

/** The design of a counterexample that was found with this code. @throws UsageError as `designOfCode`. */
export async function codeDesignOf(
  { catalogue: all }: Pick<Checker, 'catalogue'>,
  ce: Counterexample,
  code: DesignCode,
): Promise<UserDesign> {
  const catalogue = catalogueOfKernel(all, ce.kernel)
  const scenario = carriedScenarios(catalogue, ce)[0]?.scenario ?? findScenario(catalogue, ce.scenario)
  const { designOfCodeIn } = await import('./design-code/design-of-code.ts')
  return { design: await designOfCodeIn(catalogue, code, scenario), code, file: code.file }
}

/** File names as the user gave them, for the commands that a report shows; of a design that is code, the design too. */
interface GivenFiles {
  readonly scenario?: Pick<NonNullable<UserFiles['scenario']>, 'file'>
  readonly design?: Pick<UserDesign, 'file'> & Partial<UserDesign>
}

/**
 * Replays a counterexample by xstate alone. It contains the user's scenario and design, if any.
 * @param wayOn whether to search for how the behaviour continues once a goal is out of reach; diagrams show it.
 * @throws UsageError for a name that does not exist, or a scenario or design in it that makes no sense; InternalError
 *   when the model does not allow the behaviour or the property is not violated.
 */
export function replayed(
  checker: Checker,
  ce: Counterexample,
  named: GivenFiles = {},
  { wayOn = true }: { readonly wayOn?: boolean } = {},
): Replayed {
  const { question, faults } = resolved(checker, ce, named)
  try {
    const { system } = question
    return replay(
      ce,
      () => question,
      (encoded, goal) => goalReachableIn(system, { faults })(encoded, goal),
      wayOn ? (encoded, goal) => wayOnIn(system, { faults })(encoded, goal) : undefined,
    )
  } catch (error) {
    if (error instanceof ReplayError) throw new InternalError(`${ce.id}: ${error.message}`)
    if (error instanceof ReplayDisagreement) throw new InternalError(error.message)
    throw error
  }
}

/** The scenario and the design that a counterexample is of: those that it contains, or else the catalogue's. */
export function sourceOf(
  checker: Pick<Checker, 'catalogue'>,
  ce: Counterexample,
  given: GivenFiles = {},
): { readonly scenario: Scenario<unknown>; readonly design: Design<unknown> } {
  const catalogue = catalogueOfKernel(checker.catalogue, ce.kernel)
  const [own] = carriedScenarios(catalogue, ce)
  const scenario = own?.scenario ?? findScenario(catalogue, ce.scenario)
  if (ce.designCode !== undefined) {
    if (given.design?.code === undefined || given.design.design === undefined)
      throw new UsageError(
        `${ce.id} is of the design "${quoted(ce.design)}", which is code: give its file with --design (${quoted(ce.designCode.file)}, SHA-256 ${shortHash(ce.designCode.sha256)})`,
      )
    return { scenario, design: given.design.design }
  }
  const design = carriedDesign(catalogue, ce, scenario) ?? findNamed(catalogue.designs, ce.design)
  if (design === undefined) {
    throw new UsageError(
      `${ce.id} is of the design "${quoted(ce.design)}", which is not in the catalogue; give its file with --design`,
    )
  }
  return { scenario, design }
}

/** Finds scenario, design and property in the counterexample itself or the catalogue. */
function resolved(
  checker: Checker,
  ce: Counterexample,
  named: GivenFiles,
): { readonly question: ReplayContext; readonly faults: readonly OopsFreedom[] } {
  const { version, modelHash } = checker
  const catalogue = catalogueOfKernel(checker.catalogue, ce.kernel)
  const { scenario, design } = sourceOf(checker, ce, named)
  const { scenarioFile, designFile, designCode } = ce
  const scenarioName = nameOf(named.scenario, `${scenario.id}.scenario.json`)
  const designName = nameOf(named.design, `${design.id}.json`)
  return {
    question: {
      system: builtSystem(scenario, design),
      property: findProperty(catalogue, ce.property, design),
      scenario: shown(scenario, scenarioFile, scenarioName),
      design:
        designCode === undefined ? shown(design, designFile, designName) : { ...design, file: designName },
      checker: { version, model: modelHash() },
      ...(catalogue.triggers === undefined ? {} : { triggers: catalogue.triggers }),
      changedSteps: changedSteps(scenario, design),
      ...shownOn(catalogue, scenario, design),
    },
    faults: oopsPropertiesOf(catalogue, design),
  }
}

/** What pages show besides the trace: pictures, and each property that is judged. */
function shownOn(
  { drawing, properties }: Catalogue,
  scenario: Scenario<unknown>,
  design: Design<unknown>,
): Pick<ReplayContext, 'drawing' | 'judged'> {
  const { listed, byDefault } = judgedProperties(design, scenario, properties)
  return { judged: [...listed, ...byDefault], ...(drawing === undefined ? {} : { drawing }) }
}

/** The scenario that a counterexample contains, if any. @throws UsageError for one that makes no sense. */
function carriedScenarios(
  catalogue: Catalogue,
  { id, scenario, scenarioFile: data }: Counterexample,
): readonly { readonly scenario: Scenario<unknown> }[] {
  if (data === undefined) return []
  const found = scenarioOf(catalogue, data, `${id}: its scenario`)
  if (found.id !== scenario)
    throw new UsageError(
      `${id}: contains the scenario ${found.id}, but is of the scenario ${quoted(scenario)}`,
    )
  return [{ scenario: found }]
}

/** The design that a counterexample contains, or undefined. @throws UsageError for one that makes no sense. */
function carriedDesign(
  catalogue: Catalogue,
  { id, design, designFile }: Counterexample,
  scenario: Scenario<unknown>,
): Design<unknown> | undefined {
  if (designFile === undefined) return undefined
  const where = `${id}: its design`
  const data = designDataOf(designFile, where)
  if (data.id !== design)
    throw new UsageError(`${id}: contains the design ${data.id}, but is of the design ${quoted(design)}`)
  return designIn(catalogue, data, scenario, where)
}

/** The file name to show in commands. A pipe gets a made-up name: it cannot be read again. */
const nameOf = (given: { readonly file: string } | undefined, otherwise: string): string =>
  given === undefined || isPassedPipe(given.file) ? otherwise : given.file

/** What reports show of a scenario or design; of a user's, the file as well, since readers do not have it. */
function shown<T extends object>(what: T, data: object | undefined, file: string) {
  return data === undefined ? what : { ...what, file, text: printableJson(data) }
}
