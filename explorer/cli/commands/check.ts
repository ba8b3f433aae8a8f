import { availableParallelism } from 'node:os'
import { z } from 'zod'
import { diagram } from '../../../counterexamples/diagram.ts'
import type { Design } from '../../../model/designs/design.ts'
import { printableJson, quotedPath } from '../../../model/language/quoted.ts'
import { replaceFile } from '../../checkpoint/index.ts'
import { type Catalogue, findDesign, titled, UPSTREAM } from '../catalogue.ts'
import { catalogueOfKernel } from '../catalogue-of-kernel.ts'
import { type Cell, cellsOf, checkPatches, leftOut } from '../cells.ts'
import { checkAll, warningsOf } from '../check-all.ts'
import type { Checker } from '../checker.ts'
import { lockCheckpoints } from '../checkpoint-locks.ts'
import { type CommandContext, interruption } from '../command-context.ts'
import { replayed } from '../counterexamples.ts'
import { errorLines } from '../error-lines.ts'
import { UsageError } from '../errors.ts'
import { readOptions, searchOptions } from '../options.ts'
import { readUserDesign } from '../read-user-design.ts'
import { type EvidenceOf, writeEvidence } from '../report/evidence.ts'
import { FORMATS } from '../report/formats/output.ts'
import { suiteOfCheck } from '../report/formats/output-of.ts'
import { printFormatted, refuseTwoOutputs, titlesIn } from '../report/formats/print.ts'
import type { MutationJson } from '../report/mutation-report.ts'
import { ProgressDisplay } from '../report/progress.ts'
import { readMutation } from '../report/read-mutation.ts'
import { type Allowed, type CheckReport, exitStatusOf, verdictLine } from '../report/report.ts'
import { checkBlock, type Style } from '../report/report-text.ts'
import { resultJson } from '../report/result-json.ts'
import {
  type Checkpoints,
  type CheckSettings,
  checkpointsOf,
  checkResumable,
  settingsOf,
} from '../search-settings.ts'
import { isDesignFile, type UserDesign } from '../user-design.ts'
import { type UserFiles, userFiles } from '../user-files.ts'
import { readScenario, type UserScenario, withScenarios } from '../user-scenario.ts'
import { wrapAtSpaces } from '../wrap.ts'

const options = searchOptions.extend({
  kernel: z.string().optional(),
  design: z.array(z.string()).default([]),
  scenario: z.array(z.string()).default([]),
  property: z.array(z.string()).default([]),
  json: z
    .literal(true)
    .or(z.string())
    .refine((file) => file === true || /\.json$/i.test(file), {
      error: 'the file must end in .json (for standard output put --json last)',
    })
    .optional(),
  format: z.enum(FORMATS).default('text'),
  out: z.string().min(1, 'must name a folder').default('out'),
  evidence: z.string().min(1, 'must name a folder').optional(),
  mutation: z.string().optional(),
  allowIncomplete: z.boolean().default(false),
  allowVacuous: z.boolean().default(false),
  quiet: z.boolean().default(false),
  unicode: z.boolean().default(false),
})

/**
 * `mmucheck check`: explores and judges, prints or writes the report.
 * @param narrowed what is left of the cells that were chosen.
 * @returns the exit status.
 * @throws UsageError, FolderInUse, ModelError, InternalError.
 */
export async function check(
  context: CommandContext,
  scenarios: readonly string[],
  raw: unknown,
  narrowed: (cells: readonly Cell[]) => readonly Cell[] = (cells) => cells,
): Promise<number> {
  const flags = readOptions(options, raw)
  refuseTwoOutputs(flags)
  if (flags.mutation !== undefined && flags.evidence === undefined)
    throw new UsageError('--mutation is for the evidence: name its folder with --evidence')
  // Before the search, which may take long.
  const mutation = flags.mutation === undefined ? undefined : readMutation(flags.mutation)
  const asked = settingsOf(flags)
  const checkpoints = checkpointsOf(flags)
  const kernel = catalogueOfKernel(context.catalogue, flags.kernel)
  const own = readScenarios(kernel, flags.scenario)
  const catalogue = withScenarios(kernel, own)
  const { designs, files } = await readDesigns(context, catalogue, flags.design)
  const named = [...scenarios, ...own.map(({ scenario }) => scenario.id)]
  const chosen = cellsOf(catalogue, { scenarios: named, designs, properties: flags.property })
  const cells = narrowed(chosen).map((cell) => ({
    ...cell,
    files: userFiles(
      own.find(({ scenario }) => scenario === cell.scenario),
      files.get(cell.design.id),
    ),
  }))
  if (checkpoints !== null) checkResumable(checkpoints, cells)
  checkPatches(cells)
  const release = checkpoints === null ? () => {} : lockCheckpoints(checkpoints, cells)
  try {
    const isUsual = named.length === 0 && designs.some(({ id }) => id === UPSTREAM)
    const unvisited = isUsual ? leftOut(kernel.scenarios) : ''
    return await checkCells(context, flags, {
      cells,
      checkpoints,
      asked,
      unvisited,
      ...(mutation === undefined ? {} : { mutation }),
    })
  } finally {
    release()
  }
}

/** What to check, and how. */
interface Asked {
  readonly cells: readonly Cell[]
  readonly checkpoints: Checkpoints | null
  readonly asked: CheckSettings
  /** Names the scenarios that are skipped by default; empty if the user chose the scenarios. */
  readonly unvisited: string
  /** An earlier result of `mutate`, for the evidence. */
  readonly mutation?: MutationJson
}

async function checkCells(
  context: CommandContext,
  flags: z.infer<typeof options>,
  { cells, checkpoints, asked, unvisited, mutation }: Asked,
): Promise<number> {
  // Several searches run in parallel, one thread each; only a single one is shared by workers.
  const { io } = context
  const [{ files }] = cells
  const isShared = cells.length === 1 && files?.design?.code === undefined
  const settings = { ...asked, workers: isShared ? (flags.workers ?? 1) : 1 }
  // An endless loop is noticed in the thread that runs it, not in one that waits for others.
  if (cells.length === 1 && !isShared && flags.workers !== undefined)
    io.err('mmucheck: --workers: a design that is code is searched by one thread')
  const style: Style = {
    colour: io.colour,
    width: io.width,
    unicode: flags.unicode,
    allRemarks: flags.reduce !== undefined || flags.workers !== undefined,
  }
  const { format, out, evidence } = flags
  const showText = flags.json !== true && !flags.quiet && format === 'text'
  const progress = new ProgressDisplay(io, { quiet: flags.quiet, searches: cells.length, limits: settings })
  const checks: CheckReport[] = []
  const onUnwritten = warningsOf(
    context,
    unwrittenAdvice(flags.json === true ? 'json' : flags.quiet ? 'nothing' : 'text'),
  )
  const reports = checkAll(context, {
    cells,
    settings,
    checkpoints,
    atOnce: Math.min(flags.workers ?? availableParallelism(), cells.length),
    out,
    progress,
    onUnwritten,
  })
  for await (const report of reports) {
    const cell = cells[checks.length]
    checks.push(report)
    const design = cell.files?.design
    const ownStyle: Style = {
      ...style,
      patches: design !== undefined,
      ...(design?.code === undefined ? {} : { codeFile: design.file }),
    }
    if (showText) {
      for (const line of [...checkBlock(report, headingOf(cell), ownStyle), '']) io.out(line)
      for (const text of unwrittenTraces(context, report, cell.files)) io.out(text)
    }
    for (const line of modelErrorOf(report)) io.err(line)
  }

  if (showText) for (const line of wrapAtSpaces(unvisited, io.width)) io.out(line)
  if (evidence !== undefined)
    keepEvidence(
      context,
      evidence,
      { cells, checks, settings, unvisited, ...(mutation === undefined ? {} : { mutation }) },
      { show: showText, onUnwritten },
    )
  const json =
    flags.json === undefined
      ? ''
      : printableJson(resultJson({ version: context.version, modelHash: context.modelHash() }, checks))
  if (typeof flags.json === 'string') {
    const isWritten = writeResult(context, flags.json, json)
    if (showText && isWritten) io.out(`result: ${quotedPath(flags.json)}`)
  }
  const allowed: Allowed = { incomplete: flags.allowIncomplete, vacuous: flags.allowVacuous }
  const verdict = verdictLine(checks, allowed)
  if (format === 'text') io.out(flags.json === true ? json : verdict)
  else {
    const titles = titlesIn(context)
    const suites = checks.map((report, n) => suiteOfCheck(context, report, titles, cells[n].files, out))
    const { version } = context
    await printFormatted(context, format, { version, modelHash: context.modelHash(), verdict, suites })
  }
  return interruption(context.signal) ?? exitStatusOf(checks, allowed)
}

/** Writes the evidence of a run where a folder was named; without its files the result still stands. */
export function keepEvidence(
  { io, version, modelHash }: CommandContext,
  folder: string,
  of: Omit<EvidenceOf, 'version' | 'modelHash'>,
  { show, onUnwritten }: { readonly show: boolean; readonly onUnwritten: (why: string) => void },
): void {
  try {
    const { data, text } = writeEvidence(folder, { ...of, version, modelHash: modelHash() })
    if (!show) return
    io.out(`evidence: ${quotedPath(data)}`)
    io.out(`for a mail: ${quotedPath(text)}`)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    onUnwritten(`cannot write to ${quotedPath(folder)}: ${code}`)
  }
}

/** Writes the result; without its file it still decides the exit status and is printed. */
function writeResult({ io }: CommandContext, path: string, json: string): boolean {
  try {
    replaceFile(path, `${json}\n`)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    const old =
      'a file of this name, if any, is from an earlier run; free some space or choose another file with --json'
    io.err(`mmucheck: warning: cannot write to ${quotedPath(path)}: ${code}; ${old}`)
    return false
  }
}

function unwrittenAdvice(printed: 'text' | 'json' | 'nothing'): string {
  const instead = {
    text: 'the trace is printed instead',
    json: 'its contents are in the result instead',
    nothing: 'the trace is printed without --quiet',
  }[printed]
  return `; ${instead}; free some space or choose another folder with --out`
}

/** The counterexamples of a report that could not be written, as diagrams. */
export function unwrittenTraces(checker: Checker, report: CheckReport, own?: UserFiles): string[] {
  return report.properties.flatMap(({ counterexample }) => {
    const contents = counterexample?.contents ?? null
    return contents === null ? [] : [diagram(replayed(checker, contents, own))]
  })
}

/** Lines for standard error if the model of a check is wrong. */
export function modelErrorOf({ modelError }: CheckReport): string[] {
  return modelError === null ? [] : errorLines(`mmucheck: the model is wrong: ${modelError.message}`)
}

/** `roots-zap-all, design some-design (R1)`. */
export function headingOf({ scenario, design }: Cell): string {
  const kernel = scenario.kernel === undefined ? '' : `, Linux ${scenario.kernel}`
  return `${titled(scenario)}, design ${titled(design)}${kernel}`
}

function readScenarios(catalogue: Catalogue, paths: readonly string[]): UserScenario[] {
  const read = paths.map((path) => readScenario(catalogue, path))
  read.forEach(({ scenario: { id }, file }, n) => {
    if (read.findIndex((other) => other.scenario.id === id) === n) return
    throw new UsageError(`${quotedPath(file)}: id: two scenario files have the id "${id}"`)
  })
  return read
}

async function readDesigns(
  context: CommandContext,
  catalogue: Catalogue,
  names: readonly string[],
): Promise<{ designs: Design<unknown>[]; files: Map<string, UserDesign> }> {
  const files = new Map<string, UserDesign>()
  const designs: Design<unknown>[] = []
  for (const name of names.length === 0 ? [UPSTREAM] : names) {
    if (!isDesignFile(name)) {
      designs.push(findDesign(catalogue, name))
      continue
    }
    const read = await readUserDesign(context, catalogue, name)
    const { design } = read
    if (files.has(design.id))
      throw new UsageError(`${quotedPath(name)}: id: two design files have the id "${design.id}"`)
    files.set(design.id, read)
    designs.push(design)
  }
  return { designs, files }
}
