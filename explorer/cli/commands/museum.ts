import { availableParallelism } from 'node:os'
import { z } from 'zod'
import type { Design } from '../../../model/designs/design.ts'
import { printableJson } from '../../../model/language/quoted.ts'
import { type Catalogue, titled } from '../catalogue.ts'
import { catalogueOfKernel } from '../catalogue-of-kernel.ts'
import { type Cell, cellsOf } from '../cells.ts'
import { checkAll, warningsOf } from '../check-all.ts'
import { type CommandContext, interruption } from '../command-context.ts'
import { UsageError } from '../errors.ts'
import { EXIT, worstOf } from '../exit-status.ts'
import { readOptions } from '../options.ts'
import { ProgressDisplay } from '../report/progress.ts'
import type { CheckReport, PropertyReport } from '../report/report.ts'
import { DEFAULT_SETTINGS } from '../search-settings.ts'
import { wrapAtSpaces } from '../wrap.ts'
import { modelErrorOf, unwrittenTraces } from './check.ts'

const options = z.object({
  kernel: z.string().optional(),
  out: z.string().min(1, 'must name a folder').default('out'),
  json: z.boolean().default(false),
  quiet: z.boolean().default(false),
})

/** Width of the column of lengths. */
const INDENT = 11

/** A bug that was in a kernel, the search in which it is to be found, and the property that is to find it. */
interface Exhibit {
  readonly design: Design<unknown>
  readonly property: string
  readonly cell: Cell
}

/** What the search for a bug found; `steps` is null if nothing. */
interface Found {
  readonly exhibit: Exhibit
  readonly report: CheckReport
  readonly steps: number | null
}

/**
 * `mmucheck museum`: searches for every bug that was in a kernel (designs of the status `bug`), each by the first
 * property that it is expected to violate, and says how many were found.
 * @throws UsageError if the catalogue has no bug for the kernel.
 */
export async function museum(context: CommandContext, raw: unknown): Promise<number> {
  const { io } = context
  const { kernel, out, json, quiet } = readOptions(options, raw)
  const exhibits = exhibitsOf(catalogueOfKernel(context.catalogue, kernel))
  if (exhibits.length === 0) throw new UsageError('no design has the status bug here')
  const began = performance.now()
  const reports = checkAll(context, {
    cells: exhibits.map(({ cell }) => cell),
    settings: DEFAULT_SETTINGS,
    checkpoints: null,
    atOnce: Math.min(availableParallelism(), exhibits.length),
    out,
    progress: new ProgressDisplay(io, { quiet: quiet || json, searches: exhibits.length }),
    onUnwritten: warningsOf(context, '; the lengths are printed nevertheless; free some space'),
  })
  const all: Found[] = []
  for await (const report of reports) {
    const found = foundOf(exhibits[all.length], report)
    all.push(found)
    if (!json && !quiet) {
      for (const line of linesOf(found, io.width)) io.out(line)
      for (const line of unwrittenTraces(context, report)) io.out(line)
    }
    for (const line of modelErrorOf(report)) io.err(line)
  }
  const seconds = (performance.now() - began) / 1000
  const lengths = all.flatMap(({ steps }) => (steps === null ? [] : [steps]))
  if (json) io.out(printableJson(jsonOf(all, lengths, seconds)))
  else io.out(`mmucheck: ${summary(all.length, lengths, seconds)}`)
  return interruption(context.signal) ?? worstOf(all.map(statusOf))
}

/** The bugs of a catalogue, in its order; one that is expected to violate nothing here is none of this kernel. */
function exhibitsOf(catalogue: Catalogue): Exhibit[] {
  return catalogue.designs.flatMap((design): Exhibit[] => {
    const first = design.expect.find(({ verdict }) => verdict === 'violated')
    if (design.status !== 'bug' || first === undefined) return []
    const { scenario, property } = first
    const [cell] = cellsOf(catalogue, { scenarios: [scenario], designs: [design], properties: [property] })
    return [{ design, property, cell }]
  })
}

function foundOf(exhibit: Exhibit, report: CheckReport): Found {
  const p = propertyOf(exhibit, report)
  return { exhibit, report, steps: isFound(p) ? (p.counterexample?.length ?? null) : null }
}

const propertyOf = ({ property }: Exhibit, { properties }: CheckReport): PropertyReport | undefined =>
  properties.find(({ id }) => id === property)

/** Violated, by a trace that a fresh process could replay. */
const isFound = (p: PropertyReport | undefined): p is PropertyReport =>
  p?.verdict === 'violated' && p.counterexample !== null && p.counterexample.unconfirmed === null

function statusOf(found: Found): number {
  if (found.report.modelError !== null) return EXIT.usage
  if (found.steps !== null) return EXIT.holds
  const verdict = propertyOf(found.exhibit, found.report)?.verdict
  // A violation that is no finding is one whose replay gave no answer.
  return verdict === 'holds' || verdict === 'vacuous' || verdict === 'not-applicable'
    ? EXIT.mismatch
    : EXIT.inconclusive
}

/** Two lines: how it was found, and where. */
function linesOf({ exhibit, report, steps }: Found, width: number): string[] {
  const { design, property, cell } = exhibit
  const { commit, version } = design.kernel
  const from = commit === undefined ? version : `${commit}, ${version}`
  const verdict = propertyOf(exhibit, report)?.verdict ?? 'not judged'
  const [first, ...rest] = wrapAtSpaces(`${titled(design)}: ${from}`, width - INDENT)
  const result = steps === null ? 'NOT FOUND' : `${steps} steps`
  const where = `${property} in ${cell.scenario.id}${steps === null ? `: ${verdict}` : ''}`
  return [
    `${result.padStart(INDENT - 2)}  ${first}`,
    ...[...rest, ...wrapAtSpaces(where, width - INDENT)].map((line) => ' '.repeat(INDENT) + line),
  ]
}

/** `found N of N, median M steps, in S s`. */
export function summary(bugs: number, lengths: readonly number[], seconds: number): string {
  const median = lengths.length === 0 ? '' : `, median ${medianOf(lengths)} steps`
  return `found ${lengths.length} of ${bugs}${median}, in ${seconds.toFixed(1)} s`
}

/** The middle one in order of size; of an even number, the smaller of the two in the middle. */
function medianOf(lengths: readonly number[]): number {
  const sorted = lengths.toSorted((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) / 2)]
}

const jsonOf = (all: readonly Found[], lengths: readonly number[], seconds: number) => ({
  bugs: all.length,
  found: lengths.length,
  medianSteps: lengths.length === 0 ? null : medianOf(lengths),
  seconds: Number(seconds.toFixed(1)),
  designs: all.map(({ exhibit, report, steps }) => ({
    design: exhibit.design.id,
    scenario: exhibit.cell.scenario.id,
    property: exhibit.property,
    verdict: propertyOf(exhibit, report)?.verdict ?? null,
    steps,
    counterexample: propertyOf(exhibit, report)?.counterexample?.file ?? null,
    states: report.states,
  })),
})
