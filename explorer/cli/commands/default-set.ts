import { availableParallelism } from 'node:os'
import { z } from 'zod'
import { diagram } from '../../../counterexamples/diagram.ts'
import type { Design } from '../../../model/designs/design.ts'
import { type Catalogue, type CellName, type Featured, findDesign, titled, UPSTREAM } from '../catalogue.ts'
import { catalogueOfKernel } from '../catalogue-of-kernel.ts'
import { type Cell, cellsOf, checkPatches, leftOut } from '../cells.ts'
import { checkAll, warningsOf } from '../check-all.ts'
import { type CommandContext, interruption } from '../command-context.ts'
import { load, replayed } from '../counterexamples.ts'
import { worstOf } from '../exit-status.ts'
import { type Match, matchOf, statusesOf } from '../expectation.ts'
import { readOptions } from '../options.ts'
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
import { DEFAULT_SETTINGS } from '../search-settings.ts'
import { wrapAtSpaces } from '../wrap.ts'
import { headingOf, modelErrorOf, unwrittenTraces } from './check.ts'

const options = z.object({ unicode: z.boolean().default(false) })

const OUT = 'out'

/**
 * `mmucheck` without arguments: upstream in every scenario that is not deep, and the cells that answer the design
 * questions of the catalogue. Known violations are expected here; the exit status says whether every verdict is as
 * expected. The featured design question comes first: the wrong answer as a diagram, the right one as a proof.
 */
export async function defaultSet(context: CommandContext, raw: unknown): Promise<number> {
  const { io } = context
  const catalogue = catalogueOfKernel(context.catalogue, undefined)
  const { unicode } = readOptions(options, raw)
  const style: Style = { colour: io.colour, width: io.width, unicode }
  const { featured } = catalogue
  const all = allCells(catalogue)
  const cells = featuredFirst(
    all.filter(({ scenario }) => scenario.deep !== true),
    featured,
  )
  checkPatches(cells)
  const reports = checkAll(context, {
    cells,
    settings: DEFAULT_SETTINGS,
    checkpoints: null,
    atOnce: Math.min(availableParallelism(), cells.length),
    out: OUT,
    progress: new ProgressDisplay(io, { quiet: false, searches: cells.length }),
    onUnwritten: warningsOf(context, '; unexpected ones are printed instead; free some space'),
  })
  if (featured !== undefined) {
    for (const line of wrapAtSpaces(featured.question, io.width)) io.out(line)
    io.out('')
  }
  const checks: CheckReport[] = []
  for await (const report of reports) {
    const cell = cells[checks.length]
    checks.push(report)
    if (isCell(cell, featured?.broken)) showBroken(context, cell, report, style)
    else if (isCell(cell, featured?.fixed)) for (const line of proof(cell, report, style)) io.out(line)
    else {
      for (const line of summary(cell, report, style)) io.out(line)
      const { design, scenario } = cell
      const surprises = report.properties.filter((p) => matchOf(design, scenario.id, p) === 'unexpected')
      for (const text of unwrittenTraces(context, { ...report, properties: surprises })) io.out(text)
    }
    for (const line of modelErrorOf(report)) io.err(line)
  }
  const expected = checks.map((report, index) => statusesOf(cells[index].design, report))
  io.out('')
  for (const line of wrapAtSpaces(leftOut(all.map(({ scenario }) => scenario)), io.width)) io.out(line)
  io.out(lastLine(cells, checks))
  return interruption(context.signal) ?? worstOf(expected.flat())
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
function showBroken(context: CommandContext, cell: Cell, report: CheckReport, style: Style): void {
  const { io } = context
  const found = report.properties.flatMap((p) => (p.counterexample === null ? [] : [p.counterexample]))
  // Properties are in order of importance.
  const [first] = found
  if (first !== undefined) {
    const { file, contents } = first
    const shown =
      contents === null ? load(context, { name: file ?? first.id, out: OUT }) : replayed(context, contents)
    io.out(diagram(shown))
  }
  for (const line of [...checkBlock(report, headingOf(cell), style), '']) io.out(line)
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
