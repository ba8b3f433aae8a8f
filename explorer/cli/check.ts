import { availableParallelism } from 'node:os'
import { z } from 'zod'
import { writeAtomically } from '../../counterexamples/file.ts'
import type { Design } from '../../model/designs/design.ts'
import { printableJson, quotedPath } from '../../model/language/quoted.ts'
import { findDesign, titled, UPSTREAM } from './catalogue.ts'
import { checkAll } from './check-all.ts'
import { lockCheckpoints } from './checkpoint-locks.ts'
import { errorLines } from './error-lines.ts'
import { UsageError } from './errors.ts'
import { writeTo } from './file-keeper.ts'
import { readOptions, searchOptions } from './options.ts'
import { type Cell, checkPatches, planOf } from './plan.ts'
import { ProgressDisplay } from './progress.ts'
import { type CheckReport, exitStatusOf, overallVerdict, type Result, verdictLine } from './report.ts'
import { checkBlock, type Style } from './report-text.ts'
import {
  type Checkpoints,
  checkpointsOf,
  checkResumable,
  type SearchSettings,
  settingsOf,
} from './search-settings.ts'
import { interruption, type Session } from './session.ts'
import { isDesignFile, readDesign } from './user-design.ts'

const options = searchOptions.extend({
  design: z.array(z.string()).default([]),
  property: z.array(z.string()).default([]),
  json: z
    .literal(true)
    .or(z.string())
    .refine((file) => file === true || /\.json$/i.test(file), {
      error: 'the file must end in .json (for standard output put --json last)',
    })
    .optional(),
  format: z.enum(['text']).default('text'),
  out: z.string().min(1, 'must name a folder').default('out'),
  allowIncomplete: z.boolean().default(false),
  quiet: z.boolean().default(false),
  unicode: z.boolean().default(false),
})

/**
 * `mmucheck check`: explores and judges, prints or writes the report.
 * @returns the exit status.
 * @throws UsageError, FolderInUse, ModelError, InternalError.
 */
export async function check(session: Session, scenarios: readonly string[], raw: unknown): Promise<number> {
  const flags = readOptions(options, raw)
  const asked = settingsOf(flags)
  const checkpoints = checkpointsOf(flags)
  const { designs, files } = designsOf(session, flags.design)
  const cells = planOf(session.catalogue, { scenarios, designs, properties: flags.property })
  if (checkpoints !== null) checkResumable(checkpoints, cells)
  checkPatches(cells)
  const release = checkpoints === null ? () => {} : lockCheckpoints(checkpoints, cells)
  try {
    return await checkCells(session, flags, { cells, checkpoints, asked, files })
  } finally {
    release()
  }
}

/** What is to be checked, and how. */
interface Asked {
  readonly cells: readonly Cell[]
  readonly checkpoints: Checkpoints | null
  readonly asked: SearchSettings
  /** Files that designs came from, by id. */
  readonly files: ReadonlyMap<string, string>
}

async function checkCells(
  session: Session,
  flags: z.infer<typeof options>,
  { cells, checkpoints, asked, files }: Asked,
): Promise<number> {
  // Several searches are made side by side; a single one is shared out, if that was asked for.
  const shared = cells.length === 1 ? (flags.workers ?? 1) : 1
  const settings = { ...asked, workers: shared }

  const { io } = session
  const style: Style = {
    colour: io.colour,
    width: io.width,
    unicode: flags.unicode,
    allRemarks: flags.reduce !== undefined || flags.workers !== undefined,
  }
  const showText = flags.json !== true && !flags.quiet
  const progress = new ProgressDisplay(io, { quiet: flags.quiet, searches: cells.length, limits: settings })
  const checks: CheckReport[] = []
  const reports = checkAll(session, {
    cells,
    settings,
    checkpoints,
    atOnce: Math.min(flags.workers ?? availableParallelism(), cells.length),
    out: flags.out,
    progress,
    designFiles: files,
  })
  for await (const report of reports) {
    const cell = cells[checks.length]
    checks.push(report)
    const ownStyle = { ...style, patches: files.has(cell.design.id) }
    if (showText) for (const line of [...checkBlock(report, headingOf(cell), ownStyle), '']) io.out(line)
    for (const line of modelErrorOf(report)) io.err(line)
  }

  // The hash is of all scenarios; only whoever reads the object is to wait for it.
  const json = flags.json === undefined ? '' : jsonOf(session, checks)
  if (typeof flags.json === 'string') {
    const path = flags.json
    writeTo(path, () => writeAtomically(path, `${json}\n`))
    if (showText) io.out(`result: ${quotedPath(path)}`)
  }
  io.out(flags.json === true ? json : verdictLine(checks, flags.allowIncomplete))
  return interruption(session.signal) ?? exitStatusOf(checks, flags.allowIncomplete)
}

function jsonOf({ version, modelHash }: Session, checks: CheckReport[]): string {
  const schema = 'mmucheck-result/1'
  const verdict = overallVerdict(checks)
  const result: Result = { schema, version, modelHash: modelHash(), verdict, checks }
  return printableJson(result)
}

/** What goes to standard error of a check whose model is wrong. */
export function modelErrorOf({ modelError }: CheckReport): string[] {
  return modelError === null ? [] : errorLines(`mmucheck: the model is wrong: ${modelError.message}`)
}

/** `roots-zap-all, design some-design (R1)`. */
export function headingOf({ scenario, design }: Cell): string {
  return `${titled(scenario)}, design ${titled(design)}`
}

function designsOf(
  { catalogue }: Session,
  names: readonly string[],
): { designs: Design<unknown>[]; files: Map<string, string> } {
  const files = new Map<string, string>()
  const designs = (names.length === 0 ? [UPSTREAM] : names).map((name) => {
    if (!isDesignFile(name)) return findDesign(catalogue, name)
    const design = readDesign(catalogue, name)
    if (files.has(design.id))
      throw new UsageError(`${quotedPath(name)}: id: two design files are called "${design.id}"`)
    files.set(design.id, name)
    return design
  })
  return { designs, files }
}
