import { availableParallelism } from 'node:os'
import { z } from 'zod'
import { diagram } from '../../../counterexamples/diagram.ts'
import type { Design } from '../../../model/designs/design.ts'
import { printableJson, quotedPath } from '../../../model/language/quoted.ts'
import { type Catalogue, type CellName, type Featured, findDesign, titled, UPSTREAM } from '../catalogue.ts'
import { catalogueOfKernel } from '../catalogue-of-kernel.ts'
import { type Cell, cellsOf, checkPatches, leftOut } from '../cells.ts'
import { checkAll, warningsOf } from '../check-all.ts'
import { type CommandContext, interruption } from '../command-context.ts'
import { load, replayed } from '../counterexamples.ts'
import { worstOf } from '../exit-status.ts'
import { type Match, matchOf, statusesOf } from '../expectation.ts'
import { count, readOptions, seconds } from '../options.ts'
import { ProgressDisplay } from '../report/progress.ts'
import { type CheckReport, counts, otherCounts, tallyOf } from '../report/report.ts'
import {
  checkBlock,
  headingLines,
  isReported,
  modelErrorLines,
  type Style,
  totals,
  verdictWord,
} from '../report/report-text.ts'
import { resultJson } from '../report/result-json.ts'
import { DEFAULT_SETTINGS } from '../search-settings.ts'
import { wrapAtSpaces } from '../wrap.ts'
import { headingOf, keepEvidence, modelErrorOf, unwrittenTraces } from './check.ts'

const options = z.object({
  unicode: z.boolean().default(false),
  json: z.literal(true).optional(),
  quiet: z.boolean().default(false),
  out: z.string().min(1, 'must name a folder').default('out'),
  evidence: z.string().min(1, 'must name a folder').optional(),
  workers: count(256).optional(),
  budget: seconds.optional(),
})

/**
 * `mmucheck` without arguments: upstream in every scenario that is not deep, and the cells that answer the design
 * questions of the catalogue. Known violations are expected here; the exit status says whether every verdict is as
 * expected. The featured design question comes first: the wrong answer as a diagram, the right one as a proof.
 */
export async function defaultSet(context: CommandContext, raw: unknown): Promise<number> {
  const { io } = context
  const catalogue = catalogueOfKernel(context.catalogue, undefined)
  const { unicode, json, quiet, out, evidence, workers, budget } = readOptions(options, raw)
  const showText = json !== true && !quiet
  const print = (line: string): void => {
    if (showText) io.out(line)
  }
  const style: Style = { colour: io.colour, width: io.width, unicode }
  const { featured } = catalogue
  const all = allCells(catalogue)
  const cells = featuredFirst(
    all.filter(({ scenario }) => scenario.deep !== true),
    featured,
  )
  checkPatches(cells)
  const onUnwritten = warningsOf(context, '; unexpected ones are printed instead; free some space')
  const limit = limitedTo(context.signal, budget)
  const started = performance.now()
  const reports = checkAll(
    { ...context, signal: limit.signal },
    {
      cells,
      settings: DEFAULT_SETTINGS,
      checkpoints: null,
      atOnce: Math.min(workers ?? availableParallelism(), cells.length),
      out,
      progress: new ProgressDisplay(io, { quiet, searches: cells.length }),
      onUnwritten,
    },
  )
  if (featured !== undefined) {
    for (const line of wrapAtSpaces(featured.question, io.width)) print(line)
    print('')
  }
  const checks: CheckReport[] = []
  for await (const report of reports) {
    const cell = cells[checks.length]
    checks.push(report)
    if (isCell(cell, featured?.broken)) showBroken({ context, out, print }, cell, report, style)
    else if (isCell(cell, featured?.fixed)) for (const line of proof(cell, report, style)) print(line)
    else {
      for (const line of summary(cell, report, style)) print(line)
      const { design, scenario } = cell
      const surprises = report.properties.filter((p) => matchOf(design, scenario.id, p) === 'unexpected')
      for (const text of unwrittenTraces(context, { ...report, properties: surprises })) print(text)
    }
    for (const line of modelErrorOf(report)) io.err(line)
  }
  const expected = checks.map((report, index) => statusesOf(cells[index].design, report))
  limit.end()
  const unvisited = leftOut(all.map(({ scenario }) => scenario))
  print('')
  for (const line of wrapAtSpaces(unvisited, io.width)) print(line)
  const cut = checks.filter(({ complete }) => !complete).length
  if (budget !== undefined && cut > 0 && performance.now() - started >= budget * 1000)
    for (const line of wrapAtSpaces(
      `${cut} of ${checks.length} searches did not finish in ${budget} s (--budget)`,
      io.width,
    ))
      print(line)
  if (evidence !== undefined)
    keepEvidence(
      context,
      evidence,
      { cells, checks, settings: DEFAULT_SETTINGS, unvisited },
      { show: showText, onUnwritten },
    )
  for (const line of nextLines(cells, checks)) print(line)
  const { version } = context
  if (json === true) io.out(printableJson(resultJson({ version, modelHash: context.modelHash() }, checks)))
  else io.out(lastLine(cells, checks))
  return interruption(context.signal) ?? worstOf(expected.flat())
}

/** A signal that aborts with another one, or when so much time has passed. */
function limitedTo(
  signal: AbortSignal,
  budget: number | undefined,
): { readonly signal: AbortSignal; readonly end: () => void } {
  if (budget === undefined) return { signal, end: () => {} }
  const limited = new AbortController()
  const abort = (): void => limited.abort()
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort, { once: true })
  const timer = setTimeout(abort, budget * 1000)
  return {
    signal: limited.signal,
    end: () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
    },
  }
}

/** What to do next: read what was not expected, or try a change. */
function nextLines(cells: readonly Cell[], checks: readonly CheckReport[]): string[] {
  const surprise = checks
    .flatMap((report, n) =>
      report.properties.filter((p) => matchOf(cells[n].design, report.scenario, p) === 'unexpected'),
    )
    .find(({ counterexample }) => counterexample?.file != null)?.counterexample
  if (surprise?.file != null) return [`next: mmucheck show ${quotedPath(surprise.file)}`]
  return ['next: mmucheck init, to check a change of your own; mmucheck list designs']
}

/** Upstream in every scenario, and the cells that answer the design questions; without questions, all designs. */
function allCells(catalogue: Catalogue): Cell[] {
  const select = (designs: readonly Design<unknown>[], scenarios: readonly string[]): Cell[] =>
    cellsOf(catalogue, { scenarios, designs, properties: [] })
  const upstream = findDesign(catalogue, UPSTREAM)
  const answers =
    catalogue.questions === undefined
      ? select(catalogue.designs, [])
      : catalogue.questions.flatMap(({ evidence }) =>
          evidence.flatMap(({ design, scenario }) => select([findDesign(catalogue, design)], [scenario])),
        )
  const everywhere = catalogue.scenarios.map(({ id }) => id)
  return uniqueCells([...select([upstream], everywhere), ...answers])
}

function featuredFirst(cells: readonly Cell[], featured: Featured | undefined): Cell[] {
  const first = [featured?.broken, featured?.fixed].flatMap((name) => cells.filter((c) => isCell(c, name)))
  return [...first, ...cells.filter((c) => !first.includes(c))]
}

const uniqueCells = (cells: readonly Cell[]): Cell[] => [
  ...new Map(cells.map((cell) => [`${cell.scenario.id} ${cell.design.id}`, cell])).values(),
]

const isCell = ({ scenario, design }: Cell, name: CellName | undefined): boolean =>
  scenario.id === name?.scenario && design.id === name.design

/** The shortest counterexample as a diagram, then all verdicts. */
function showBroken(
  {
    context,
    out,
    print,
  }: { readonly context: CommandContext; readonly out: string; readonly print: (line: string) => void },
  cell: Cell,
  report: CheckReport,
  style: Style,
): void {
  const found = report.properties.flatMap((p) => (p.counterexample === null ? [] : [p.counterexample]))
  // Properties are in order of importance.
  const [first] = found
  if (first !== undefined) {
    const { file, contents } = first
    const shown =
      contents === null ? load(context, { name: file ?? first.id, out }) : replayed(context, contents)
    print(diagram(shown))
  }
  for (const line of [...checkBlock(report, headingOf(cell), style), '']) print(line)
}

function proof(cell: Cell, report: CheckReport, style: Style): string[] {
  return [...checkBlock(report, headingOf(cell), style), '']
}

const NOTES: Readonly<Record<Match, string>> = {
  expected: 'as expected',
  unexpected: 'NOT EXPECTED',
  missed: 'NOT CAUGHT',
  different: 'NOT AS EXPECTED',
  open: 'NOT AS EXPECTED',
}

/** Heading, the verdicts that matter, and totals. */
function summary({ scenario, design }: Cell, report: CheckReport, style: Style): string[] {
  const tally = tallyOf([report])
  const upTo = report.properties.filter((p) => p.asked && p.upTo !== null)
  const partial = upTo.length === 0 ? [] : [`${upTo.length} up to an oops`]
  const parts = [`${tally.holds} hold`, ...otherCounts(tally), ...partial]
  const heading = `${scenario.id}, design ${titled(design)}: ${parts.join(', ')}`
  const notable = report.properties
    .filter((p) => isReported(p, report))
    .filter((p) => p.verdict === 'violated' || matchOf(design, scenario.id, p) !== 'expected')
    .map((p) => {
      const note = NOTES[matchOf(design, scenario.id, p)]
      const { counterexample: ce } = p
      const length = ce === null ? '' : `, ${ce.length} steps`
      const doubt = ce === null || ce.unconfirmed === null ? '' : `; NOT CONFIRMED: ${ce.unconfirmed}`
      return `  ${verdictWord(p.verdict, style)} ${p.id}${length}, ${note}${doubt}`
    })
  const failure = modelErrorLines(report, style)
  return [
    ...headingLines(heading, style),
    ...notable,
    ...failure,
    ...wrapAtSpaces(totals(report), style.width, '  '),
  ]
}

function lastLine(cells: readonly Cell[], checks: readonly CheckReport[]): string {
  const matches = checks.flatMap((report, index) =>
    report.properties
      .filter((p) => isReported(p, report))
      .map((p) => matchOf(cells[index].design, report.scenario, p)),
  )
  const count = (what: string): number => matches.filter((m) => m === what).length
  const wrong = [
    ...(count('unexpected') > 0 ? [`${count('unexpected')} not expected`] : []),
    ...(count('missed') > 0 ? [`${count('missed')} not caught`] : []),
    ...(count('different') + count('open') > 0
      ? [`${count('different') + count('open')} not as expected`]
      : []),
  ]
  const failed = checks.filter((c) => c.modelError !== null).length
  if (failed > 0) wrong.push(`the model is wrong in ${failed} of ${checks.length} checks`)
  const verdict = wrong.length > 0 ? wrong.join(', ') : 'all as expected'
  const upTo = checks.flatMap((report) => report.properties).filter((p) => p.asked && p.upTo !== null).length
  const beside = upTo === 0 ? '' : ` (${upTo} beside a fault)`
  return `mmucheck: ${counts(checks)}${beside}; ${verdict}`
}
