import { z } from 'zod'
import type { Design } from '../../model/designs/design.ts'
import { releaseOf } from '../../model/kernels/kernel.ts'
import { ModelError } from '../../model/language/errors.ts'
import { applyPatches, drop, move, only, type Patch } from '../../model/language/patch.ts'
import { type Entry, stepPaths } from '../../model/language/program.ts'
import { quoted, quotedPath } from '../../model/language/quoted.ts'
import type { Scenario } from '../../model/scenarios/scenario.ts'
import { programsOf } from './built-programs.ts'
import { type Catalogue, findNamed, findScenario } from './catalogue.ts'
import { findKernel } from './catalogue-of-kernel.ts'
import { UsageError } from './errors.ts'
import { readJson } from './json-file.ts'
import { unknownName } from './nearest.ts'
import { firstIssue } from './options.ts'

/** Limits of a design file: far more than a design needs. */
const MOST_PATCHES = 256
const MOST_SCENARIOS = 1000
const MOST_KERNELS = 100
const LONGEST_ID = 64
const LONGEST_NAME = 200
const LONGEST_ABOUT = 4000

const text = (most: number) => z.string().max(most, `must have at most ${most} characters`)
const name = text(LONGEST_NAME).min(1, 'must not be empty')
const kind = {
  in: name.optional().describe('The kind of thread, where the name exists in several; default: all of them.'),
}
const named = { name: name.describe('The step or block: its name, or its path.'), ...kind }
const moved = {
  op: z.literal('move').describe('Moves a step or block.'),
  ...named,
  jumps: z
    .enum(['follow', 'stay'])
    .optional()
    .describe('Whether jumps to it follow it or stay where they led; needed where other steps jump to it.'),
}

/** A design as a file. It is data, nothing in it is run, so that a file from anywhere can be checked. */
export const designFile = z
  .strictObject({
    $schema: z.string().exactOptional().describe('Where this schema is, for editors.'),
    id: text(LONGEST_ID)
      .regex(/^[a-z0-9][a-z0-9-]*$/, 'must consist of lower-case letters, digits and dashes')
      .describe('A name that no known design has.'),
    title: name.describe('The change in one line.'),
    about: text(LONGEST_ABOUT).default('').describe('The design question, and what is known of the answer.'),
    scenarios: z
      .array(name)
      .max(MOST_SCENARIOS, `must be at most ${MOST_SCENARIOS}`)
      .default([])
      .describe('Scenarios to check it in; default: all that have the steps.'),
    kernels: z
      .array(name)
      .max(MOST_KERNELS, `must be at most ${MOST_KERNELS}`)
      .exactOptional()
      .describe('Kernels on which the design sits, `6.1`; default: all.'),
    patches: z
      .array(
        z.union(
          [
            z.strictObject({ op: z.literal('drop').describe('Drops a step or block.'), ...named }),
            z.strictObject({ ...moved, before: name.describe('The step that follows it then.') }),
            z.strictObject({ ...moved, after: name.describe('The step that comes before it then.') }),
          ],
          {
            error:
              'must be {"op":"drop","name"} or {"op":"move","name","before" or "after","jumps"?: "follow" or "stay"}, each with "in"?',
          },
        ),
      )
      .min(1, 'must be at least one')
      .max(MOST_PATCHES, `must be at most ${MOST_PATCHES}`)
      .describe('Changes of named steps, applied in this order.'),
  })
  .meta({ title: 'A design of mmucheck', description: 'What `mmucheck check --design FILE` takes.' })

/** The contents of a design file. */
export type DesignData = z.infer<typeof designFile>
type PatchData = DesignData['patches'][number]

/** A user's design and its file, which is read once: it may be a pipe, or change. */
export interface UserDesign<W = unknown> {
  readonly design: Design<W>
  /** What was in the file. */
  readonly data: DesignData
  /** Path, as the user gave it. */
  readonly file: string
}

/** True when a `--design` argument means a file and not a name. */
export const isDesignFile = (argument: string): boolean => /[/\\]|\.json$/i.test(argument)

/**
 * Reads a design from a JSON file: `{ "id", "title", "scenarios"?, "patches": [{ "op": "drop", "name" },
 * { "op": "move", "name", "before" or "after", "in"?, "jumps"? }] }`. Without `scenarios` it belongs to every
 * scenario that is not deep in which all of its patches find their steps.
 * @throws UsageError for a file that cannot be read, is too large, is no such object, takes a known design's name,
 *   or names a step that no scenario has (the message suggests the nearest name).
 */
export function readDesign<W>(catalogue: Catalogue<W>, path: string): UserDesign<W> {
  const data = designDataOf(readJson('design', path), quotedPath(path))
  return { design: designOf(catalogue, data, path), data, file: path }
}

/** The design that the contents of a file describe. @throws UsageError as `readDesign`. */
export function designOf<W>(catalogue: Catalogue<W>, data: DesignData, path: string): Design<W> {
  const where = quotedPath(path)
  if (findNamed(catalogue.designs, data.id) !== undefined) {
    throw nameTaken(where, data)
  }
  checkKernels(catalogue, data, where)
  const named = data.scenarios.map((id) => findScenario(catalogue, id))
  const chosen = [...new Set(named)]
  const candidates = chosen.length > 0 ? chosen : catalogue.scenarios
  const programs = candidates.map((scenario) => ({ scenario, programs: programsOf(scenario) }))
  checkNames(
    where,
    data.patches,
    programs.flatMap((each) => each.programs),
  )
  const patches = data.patches.map((p) => patchOf<W>(p))
  let misfit = ''
  const fitting = programs.filter((each) => {
    try {
      applyPatches(each.programs, patches)
      return true
    } catch (error) {
      if (!(error instanceof ModelError)) throw error
      const why = `in scenario ${each.scenario.id}: ${error.message}`
      if (chosen.length > 0) throw new UsageError(`${where}: ${why}`)
      misfit ||= why
      return false
    }
  })
  if (fitting.length === 0) throw new UsageError(`${where}: no scenario fits all of its patches; ${misfit}`)
  return designWith(
    data,
    patches,
    (chosen.length > 0 ? fitting : usual(fitting)).map((each) => each.scenario.id),
  )
}

/**
 * The design that the contents of a file describe, in the one scenario of a counterexample.
 * @throws UsageError for a known design's name, or patches that do not fit the scenario.
 */
export function designIn<W>(
  catalogue: Catalogue<W>,
  data: DesignData,
  scenario: Scenario<W>,
  where: string,
): Design<W> {
  if (findNamed(catalogue.designs, data.id) !== undefined) throw nameTaken(where, data)
  checkKernels(catalogue, data, where)
  const patches = data.patches.map((p) => patchOf<W>(p))
  try {
    applyPatches(programsOf(scenario), patches)
  } catch (error) {
    if (!(error instanceof ModelError)) throw error
    throw new UsageError(`${where}: in scenario ${scenario.id}: ${error.message}`)
  }
  return designWith(data, patches, [scenario.id])
}

/** @throws UsageError for a kernel that does not exist, or if the chosen one is not among those of the design. */
function checkKernels<W>(
  { kernels = [], kernel }: Pick<Catalogue<W>, 'kernels' | 'kernel'>,
  { id, kernels: named = [] }: Pick<DesignData, 'id' | 'kernels'>,
  where: string,
): void {
  if (named.length === 0 || kernel === undefined) return
  const ids = named.map((name) => findKernel(kernels, name).id)
  if (!ids.includes(kernel.id))
    throw new UsageError(
      `${where}: design ${id} does not sit on Linux ${releaseOf(kernel)}: it is a change of ${ids.join(' and ')}`,
    )
}

const nameTaken = (where: string, { id }: DesignData): UsageError =>
  new UsageError(`${where}: id: "${id}" is the name of a design that exists; choose another`)

function designWith<W>(
  data: DesignData,
  patches: readonly Patch<W>[],
  scenarios: readonly string[],
): Design<W> {
  return {
    id: data.id,
    aliases: [],
    title: quoted(data.title),
    status: 'candidate',
    kernel: { version: 'none', function: 'see the patches' },
    about: quoted(data.about, LONGEST_ABOUT),
    scenarios,
    patches,
    expect: [],
  }
}

/** Those that are not deep, unless all are: deep scenarios are only checked if named. */
function usual<T extends { readonly scenario: Pick<Scenario<never>, 'deep'> }>(fitting: readonly T[]): T[] {
  const short = fitting.filter(({ scenario }) => scenario.deep !== true)
  return short.length > 0 ? short : [...fitting]
}

/** @throws UsageError for what is not the contents of a design file. */
export function designDataOf(json: unknown, where: string): DesignData {
  const parsed = designFile.safeParse(json)
  if (!parsed.success) throw new UsageError(`${where}: ${firstIssue(parsed.error)}`)
  return parsed.data
}

function patchOf<W>(data: PatchData): Patch<W> {
  const patch: Patch<W> =
    data.op === 'drop'
      ? drop(data.name)
      : move(data.name, 'before' in data ? { before: data.before } : { after: data.after }, data.jumps)
  return data.in === undefined ? patch : only(data.in, patch)
}

/** Every name in a patch must exist in some scenario. @throws UsageError that suggests the nearest name. */
function checkNames<W>(
  file: string,
  patches: readonly PatchData[],
  programs: readonly { readonly kind: string; readonly entries: readonly Entry<W>[] }[],
): void {
  const kinds = [...new Set(programs.map((p) => p.kind))]
  patches.forEach((patch, index) => {
    const where = `${file}: patch ${index + 1}`
    if (patch.in !== undefined && !kinds.includes(patch.in)) {
      throw new UsageError(`${where}: ${unknownName('machine', patch.in, kinds)}`)
    }
    const own = programs.filter((p) => patch.in === undefined || p.kind === patch.in)
    const known = [...new Set(own.flatMap((p) => allNames(p.entries)))]
    const place = patch.op === 'drop' ? [] : ['before' in patch ? patch.before : patch.after]
    for (const step of [patch.name, ...place]) {
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
