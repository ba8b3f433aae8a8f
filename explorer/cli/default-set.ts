import { availableParallelism } from 'node:os'
import { z } from 'zod'
import { diagram } from '../../counterexamples/diagram.ts'
import { type CellName, type Featured, findDesign, titled, UPSTREAM } from './catalogue.ts'
import { headingOf } from './check.ts'
import { type CheckPlan, checkAll } from './check-all.ts'
import { load } from './counterexamples.ts'
import { worstOf } from './exit-status.ts'
import { matchOf, statusesOf } from './expectation.ts'
import { wrap } from './io.ts'
import { readOptions } from './options.ts'
import { type Cell, checkPatches, planOf } from './plan.ts'
import { ProgressDisplay } from './progress.ts'
import { type CheckReport, tallyOf } from './report.ts'
import { checkBlock, headingLines, plural, type Style, totals, verdictWord } from './report-text.ts'
import { DEFAULT_SETTINGS } from './search-settings.ts'
import { interruption, type Session } from './session.ts'

const options = z.object({ unicode: z.boolean().default(false) })

const OUT = 'out'

/** States of a scenario upstream up to which other designs are checked in it too. */
const SMALL = 100_000

/**
 * `mmucheck` without arguments: every scenario upstream; then the designs that the catalogue puts forward, in
 * those of their scenarios that turned out small, small ones first.
 * A violation that a design is known for is expected here, so the exit status says whether all came out as
 * it must. Opens with the featured design question: the wrong answer as a diagram, the right one as a proof.
 */
export async function defaultSet(session: Session, raw: unknown): Promise<number> {
  const { catalogue, io } = session
  const { unicode } = readOptions(options, raw)
  const style: Style = { colour: io.colour, width: io.width, unicode }
  const all = allCells(session)
  checkPatches(all)
  const { featured } = catalogue
  if (featured !== undefined) {
    for (const line of wrap(featured.question, io.width)) io.out(line)
    io.out('')
  }
  const cells: Cell[] = []
  const checks: CheckReport[] = []
  const search = async (more: readonly Cell[]): Promise<void> => {
    cells.push(...more)
    for await (const report of checkAll(session, planFor(session, more))) {
      const cell = cells[checks.length]
      checks.push(report)
      if (isCell(cell, featured?.broken)) showBroken(session, cell, report, style)
      else if (isCell(cell, featured?.fixed)) for (const line of proof(cell, report, style)) io.out(line)
      else for (const line of summary(cell, report, style)) io.out(line)
    }
  }
  const first = firstCells(all, featured)
  await search(first)
  const sizes = new Map(checks.flatMap((c) => (c.design === UPSTREAM ? [[c.scenario, c.states]] : [])))
  const rest = all.filter((cell) => !first.includes(cell))
  const small = rest.filter(({ scenario }) => sizeOf(scenario) <= SMALL)
  await search(small.sort((a, b) => sizeOf(a.scenario) - sizeOf(b.scenario)))

  const expected = checks.map((report, index) => statusesOf(cells[index].design, report))
  io.out('')
  if (small.length < rest.length) {
    const left = plural(rest.length - small.length, 'search')
    io.out(`${left} of other designs in large scenarios left out: mmucheck check --design ID`)
  }
  io.out(lastLine(cells, checks))
  return interruption(session.signal) ?? worstOf(expected.flat())

  function sizeOf({ id }: Cell['scenario']): number {
    return sizes.get(id) ?? 0
  }
}

function planFor({ io }: Session, cells: readonly Cell[]): CheckPlan {
  return {
    cells,
    settings: DEFAULT_SETTINGS,
    atOnce: Math.min(availableParallelism(), cells.length),
    checkpoints: null,
    out: OUT,
    progress: new ProgressDisplay(io, { quiet: false, searches: cells.length }),
    designFiles: new Map(),
  }
}

/** Upstream in every scenario, then each design that is put forward where it can be seen. */
function allCells({ catalogue }: Session): Cell[] {
  const { putForward } = catalogue
  const others = catalogue.designs.filter(({ id }) => id !== UPSTREAM && (putForward?.includes(id) ?? true))
  const designs = [findDesign(catalogue, UPSTREAM), ...others]
  return planOf(catalogue, { scenarios: [], designs, properties: [] })
}

/** The featured two, then the rest of upstream. */
function firstCells(cells: readonly Cell[], featured: Featured | undefined): Cell[] {
  const shown = [featured?.broken, featured?.fixed].flatMap((name) => cells.filter((c) => isCell(c, name)))
  return [...shown, ...cells.filter((c) => c.design.id === UPSTREAM && !shown.includes(c))]
}

const isCell = ({ scenario, design }: Cell, name: CellName | undefined): boolean =>
  scenario.id === name?.scenario && design.id === name.design

/** The shortest counterexample as a diagram, then all verdicts. */
function showBroken({ catalogue, io }: Session, cell: Cell, report: CheckReport, style: Style): void {
  const found = report.properties.flatMap((p) => (p.counterexample === null ? [] : [p.counterexample]))
  // A safety violation says more than a loop; the properties come in order of importance.
  const [first] = found
  if (first !== undefined) {
    io.out(diagram(load(catalogue, { name: first.file, out: OUT })))
  }
  for (const line of [...checkBlock(report, headingOf(cell), style), '']) io.out(line)
}

function proof(cell: Cell, report: CheckReport, style: Style): string[] {
  return [...checkBlock(report, headingOf(cell), style), '']
}

/** Two lines or more: the verdicts that matter, and the totals. */
function summary({ scenario, design }: Cell, report: CheckReport, style: Style): string[] {
  const { holds } = tallyOf([report])
  const heading = `${scenario.id}, design ${titled(design)}: ${holds} hold`
  const others = report.properties
    .filter((p) => p.verdict !== 'holds' || matchOf(design, scenario.id, p) !== 'expected')
    .flatMap((p) => {
      const match = matchOf(design, scenario.id, p)
      const note = { expected: 'as expected', unexpected: 'NOT EXPECTED', missed: 'NOT CAUGHT', open: '' }[
        match
      ]
      const length = p.counterexample === null ? '' : `, ${p.counterexample.length} steps`
      return [`  ${verdictWord(p.verdict, style)} ${p.id}${length}${note === '' ? '' : `, ${note}`}`]
    })
  return [...headingLines(heading, style), ...others, ...wrap(totals(report), style.width, '  ')]
}

function lastLine(cells: readonly Cell[], checks: readonly CheckReport[]): string {
  const { violated, holds, inconclusive } = tallyOf(checks)
  const matches = checks.flatMap((report, index) =>
    report.properties.map((p) => matchOf(cells[index].design, report.scenario, p)),
  )
  const count = (what: string): number => matches.filter((m) => m === what).length
  const wrong = [
    ...(count('unexpected') > 0 ? [`${count('unexpected')} not expected`] : []),
    ...(count('missed') > 0 ? [`${count('missed')} not caught`] : []),
  ]
  const verdict = wrong.length > 0 ? wrong.join(', ') : 'all as expected'
  return `mmucheck: ${violated} violated, ${holds} hold, ${inconclusive} inconclusive; ${verdict}`
}
