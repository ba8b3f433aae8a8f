import type { Design } from '../../model/designs/design.ts'
import { releaseOf } from '../../model/kernels/kernel.ts'
import { ModelError } from '../../model/language/errors.ts'
import { anchorOf, applyPatches, type Patch, type Place } from '../../model/language/patch.ts'
import { type Entry, stepPaths } from '../../model/language/program.ts'
import { quoted, quotedPath } from '../../model/language/quoted.ts'
import type { Change } from '../../model/scenarios/additions.ts'
import type { Scenario } from '../../model/scenarios/scenario.ts'
import { programsOf } from './built-programs.ts'
import { allProperties, type Catalogue, findNamed, findScenario } from './catalogue.ts'
import { findKernel } from './catalogue-of-kernel.ts'
import { type DesignCode, isCodeFile } from './design-code/design-code.ts'
import { type DesignData, designDataOf, expectationsOf, LONGEST_ABOUT, patchesOf } from './design-file.ts'
import { UsageError } from './errors.ts'
import { readJson } from './json-file.ts'
import { unknownName } from './nearest.ts'

/** A user's design and its file, which is read once: it may be a pipe, or change. */
export interface UserDesign<W = unknown> {
  readonly design: Design<W>
  /** Path, as the user gave it. */
  readonly file: string
  /** What was in the file, if it is data. */
  readonly data?: DesignData
  /** What was in the file and those that it imports, if it is code. */
  readonly code?: DesignCode
}

/** What a file says about a design, data or code. */
export interface DesignSpec<W> extends Change<W>, Omit<DesignData, 'patches'> {
  readonly kernel?: Design<W>['kernel']
}

/** True when a `--design` argument means a file and not a name. */
export const isDesignFile = (argument: string): boolean =>
  /[/\\]|\.(json|patch|diff|mbox|eml)$/i.test(argument) || isCodeFile(argument)

/**
 * Reads a design from a JSON file (docs/formats/design.md). Without `scenarios` it belongs to every
 * scenario that is not deep in which all of its patches find their steps.
 * @throws UsageError for a file that cannot be read, is too large, is no such object, takes a known design's name,
 *   or names a step that no scenario has (the message suggests the nearest name).
 */
export function readDesign<W>(catalogue: Catalogue<W>, path: string): UserDesign<W> {
  if (isCodeFile(path))
    throw new UsageError(`${quotedPath(path)}: this command takes designs that are data (JSON) only`)
  const data = designDataOf(readJson('design', path, aboutPatch), quotedPath(path))
  return { design: designOf(catalogue, data, path), data, file: path }
}

/** How to write a patch of the kernel, as it is mailed, as a design; null for anything else. */
function aboutPatch(contents: string): string | null {
  if (!/^(?:diff --git |--- a\/|@@ -\d)/m.test(contents)) return null
  const functions = [...contents.matchAll(/^@@ .* @@.*?\b(\w+)\(/gm)].map(([, fn]) => fn)
  const [first = 'FUNCTION'] = new Set(functions)
  return (
    'it is a patch of the kernel, and a design is a change of the model: find the steps of the functions that it ' +
    `changes ("mmucheck explain ${quoted(first)}"), and move, drop, insert or replace them in a JSON file, or in ` +
    'TypeScript where the code is new ("mmucheck init")'
  )
}

/** The design that the contents of a file describe. @throws UsageError as `readDesign`. */
export function designOf<W>(catalogue: Catalogue<W>, data: DesignData, path: string): Design<W> {
  const where = quotedPath(path)
  return designFrom(catalogue, { ...data, patches: patchesOf(data, catalogue.designs, where) }, where)
}

/**
 * The design that a file describes, in the scenarios that it fits.
 * @throws UsageError as `readDesign`.
 */
export function designFrom<W>(catalogue: Catalogue<W>, spec: DesignSpec<W>, where: string): Design<W> {
  checkHead(catalogue, spec, where)
  const chosen = [...new Set(spec.scenarios.map((id) => findScenario(catalogue, id)))]
  const candidates = chosen.length > 0 ? chosen : catalogue.scenarios
  const { patches } = spec
  let misfit = ''
  const fits = (of: Scenario<W>, why: string): boolean => {
    const said = `in scenario ${of.id}: ${why}`
    if (chosen.length > 0) throw new UsageError(`${where}: ${said}`)
    misfit ||= said
    return false
  }
  const programs = candidates.flatMap((scenario) => {
    try {
      return [{ scenario, programs: programsOf(scenario, spec.adds) }]
    } catch (error) {
      if (!(error instanceof ModelError)) throw error
      fits(scenario, error.message)
      return []
    }
  })
  checkNames(
    where,
    patches,
    programs.flatMap((each) => each.programs),
  )
  const fitting = programs.filter((each) => {
    try {
      applyPatches(each.programs, patches)
      return true
    } catch (error) {
      if (!(error instanceof ModelError)) throw error
      return fits(each.scenario, error.message)
    }
  })
  if (fitting.length === 0) throw new UsageError(`${where}: no scenario fits all of its patches; ${misfit}`)
  const scenarios = (chosen.length > 0 ? fitting : usual(fitting)).map(({ scenario }) => scenario.id)
  return designWith(catalogue, spec, scenarios, where)
}

/**
 * The design that a file describes, in one scenario: that of a counterexample.
 * @throws UsageError for a known design's name, or patches that do not fit the scenario.
 */
export function designInScenario<W>(
  catalogue: Catalogue<W>,
  spec: DesignSpec<W>,
  scenario: Scenario<W>,
  where: string,
): Design<W> {
  checkHead(catalogue, spec, where)
  try {
    applyPatches(programsOf(scenario, spec.adds), spec.patches)
  } catch (error) {
    if (!(error instanceof ModelError)) throw error
    throw new UsageError(`${where}: in scenario ${scenario.id}: ${error.message}`)
  }
  return designWith(catalogue, { ...spec, expect: [] }, [scenario.id], where)
}

/** As `designInScenario`, of the contents of a JSON file. */
export function designIn<W>(
  catalogue: Catalogue<W>,
  data: DesignData,
  scenario: Scenario<W>,
  where: string,
): Design<W> {
  const spec = { ...data, patches: patchesOf(data, catalogue.designs, where) }
  return designInScenario(catalogue, spec, scenario, where)
}

/** @throws UsageError for a name that is taken, and a kernel that does not exist or is not the chosen one. */
function checkHead<W>(
  catalogue: Catalogue<W>,
  { id, kernels: named = [] }: Pick<DesignData, 'id' | 'kernels'>,
  where: string,
): void {
  if (findNamed(catalogue.designs, id) !== undefined)
    throw new UsageError(`${where}: id: "${id}" is the name of a design that exists; choose another`)
  const { kernels = [], kernel } = catalogue
  if (named.length === 0 || kernel === undefined) return
  const ids = named.map((name) => findKernel(kernels, name).id)
  if (!ids.includes(kernel.id))
    throw new UsageError(
      `${where}: design ${id} does not sit on Linux ${releaseOf(kernel)}: it is a change of ${ids.join(' and ')}`,
    )
}

function designWith<W>(
  catalogue: Catalogue<W>,
  { id, title, about, patches, adds, kernel, expect }: DesignSpec<W>,
  scenarios: readonly string[],
  where: string,
): Design<W> {
  const known = {
    scenarios: catalogue.scenarios.map((each) => each.id),
    properties: [...allProperties(catalogue), ...(adds?.properties ?? [])].map((each) => each.id),
  }
  return {
    id,
    aliases: [],
    title: quoted(title),
    status: 'candidate',
    kernel: kernel ?? { version: 'none', function: 'see the patches' },
    about: quoted(about, LONGEST_ABOUT),
    scenarios,
    patches,
    ...(adds === undefined ? {} : { adds }),
    expect: expectationsOf(expect, known, where),
  }
}

/** Those that are not deep, unless all are: deep scenarios are only checked if named. */
function usual<T extends { readonly scenario: Pick<Scenario<never>, 'deep'> }>(fitting: readonly T[]): T[] {
  const short = fitting.filter(({ scenario }) => scenario.deep !== true)
  return short.length > 0 ? short : [...fitting]
}

const placeOf = (place: Place): string => ('before' in place ? place.before : place.after)

/** The steps and blocks that a patch names, in the order of a message. */
function namesIn<W>(patch: Patch<W>): string[] {
  if (patch.op === 'move' || patch.op === 'copy') return [patch.name, placeOf(patch.place)]
  return [anchorOf(patch as Patch<never>)]
}

/** Every name in a patch must exist in some scenario. @throws UsageError that suggests the nearest name. */
function checkNames<W>(
  file: string,
  patches: readonly Patch<W>[],
  programs: readonly { readonly kind: string; readonly entries: readonly Entry<W>[] }[],
): void {
  const kinds = [...new Set(programs.map((p) => p.kind))]
  // Later patches may name what earlier ones add.
  const added: string[] = []
  patches.forEach((patch, index) => {
    const where = `${file}: patch ${index + 1}`
    if (patch.in !== undefined && !kinds.includes(patch.in)) {
      throw new UsageError(`${where}: ${unknownName('machine', patch.in, kinds)}`)
    }
    const own = programs.filter((p) => patch.in === undefined || p.kind === patch.in)
    const known = [...new Set([...own.flatMap((p) => allNames(p.entries)), ...added])]
    if (patch.op === 'insert') added.push(...allNames(patch.entries))
    if (patch.op === 'replace') added.push(...allNames(patch.by))
    if (patch.op === 'copy' && patch.as !== undefined) added.push(patch.as)
    if (patch.optional === true) return
    for (const step of namesIn(patch)) {
      if (known.some((k) => k === step || k.endsWith(`/${step}`))) continue
      const short = known.flatMap((k) => [k, k.slice(k.lastIndexOf('/') + 1)])
      throw new UsageError(`${where}: ${unknownName('step', step, short)}`)
    }
  })
}

function allNames<W>(entries: readonly Entry<W>[], prefix = ''): string[] {
  return [
    ...stepPaths(entries, prefix),
    ...entries.flatMap((e) =>
      e.kind === 'step' || e.kind === 'landing'
        ? []
        : [prefix + e.name, ...(e.kind === 'block' ? allNames(e.entries, `${prefix}${e.name}/`) : [])],
    ),
  ]
}
