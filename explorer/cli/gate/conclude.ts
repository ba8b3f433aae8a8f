import { diagram } from '../../../counterexamples/diagram.ts'
import { printableJson } from '../../../model/language/quoted.ts'
import { propertyResult } from '../../search/index.ts'
import { UPSTREAM } from '../catalogue.ts'
import type { Cell } from '../cells.ts'
import { warningsOf } from '../check-all.ts'
import type { CommandContext } from '../command-context.ts'
import { load, replayed } from '../counterexamples.ts'
import { EXIT, worstOf } from '../exit-status.ts'
import { type ReportedFinding, stepsOf } from '../report/gate-text.ts'
import type { CounterexampleReport } from '../report/report.ts'
import type { Baseline } from './baseline-file.ts'
import { compare, type Finding, statusesOf } from './compare.ts'
import type { GateCell, GateScope } from './gate-cells.ts'
import type { GateJson } from './gate-json.ts'
import type { JudgedCell, JudgedProperty } from './judged-cell.ts'
import type { Shard } from './plan.ts'

/** What was searched, and what it is compared with. */
export interface Conclusion {
  readonly scope: GateScope
  /** The texts that names of cells contain; null for all. */
  readonly only: readonly string[] | null
  readonly shard: Shard | null
  readonly baseline: Baseline
  /** The cells that were searched, and what was found in each. */
  readonly cells: readonly GateCell[]
  readonly judged: readonly JudgedCell[]
  /** Names of those that were not searched because the cache has them. */
  readonly cached: readonly string[]
  /** Names of all cells of the scope. */
  readonly all: readonly string[]
  readonly sameGraph: boolean
  /** Folder for counterexamples. */
  readonly out: string
}

/** The result of a gate. */
export interface Concluded {
  readonly json: GateJson
  readonly findings: readonly ReportedFinding[]
  /** The diagram of the shortest violation that was introduced, of upstream if there is one; null without one. */
  readonly diagram: string | null
}

/**
 * Compares what was found with the baseline, and writes each violation that was introduced to a file, if possible. Each
 * is replayed in a fresh process.
 * @throws InternalError when a replay does not end in the violation.
 */
export async function conclude(context: CommandContext, asked: Conclusion): Promise<Concluded> {
  const { scope, only, shard, baseline, cells, judged, all, sameGraph } = asked
  const isWhole = only === null && shard === null
  const compared = compare({
    baseline,
    cells: cells.map(({ design }, n) => ({ design: design as never, judged: judged[n] })),
    all: isWhole ? all : null,
    // An older kernel is only searched where it differs, and may take a step elsewhere.
    everyStep: isWhole && scope.kernel === null && scope.tier === 'gate',
    sameGraph,
  })
  const written = await writeIntroduced(context, asked, compared)
  const findings = compared.map((each): ReportedFinding => {
    const report = written.get(keyOf(each)) ?? null
    const doubt = report?.unconfirmed ?? null
    return {
      ...each,
      note: doubt === null ? each.note : `NOT CONFIRMED: ${doubt}`,
      counterexample: report === null ? null : { id: report.id, file: report.file },
    }
  })
  const isUnconfirmed = [...written.values()].some(({ unconfirmed }) => unconfirmed !== null)
  const statuses = [...statusesOf(compared), ...(isUnconfirmed ? [EXIT.internal] : [])]
  const introduced = new Set(findings.filter(({ kind }) => kind === 'introduced').map(keyOf))
  return {
    findings,
    diagram: shortestDiagram(context, findings, written, asked),
    json: {
      schema: 'mmucheck-gate/1',
      version: context.version,
      modelHash: context.modelHash(),
      ...scope,
      only: only === null ? null : [...only],
      shard,
      cached: [...asked.cached],
      exitStatus: worstOf(statuses),
      findings,
      cells: judged.map((cell, n) => ({
        ...cell,
        properties: cell.properties.map((p) =>
          introduced.has(keyOf({ cell: cells[n].name, property: p.id })) ? p : { ...p, trace: null },
        ),
      })),
    },
  }
}

/** The result as it is printed and written. */
export const gateText = (json: GateJson): string => printableJson(json)

const keyOf = ({ cell, property }: Pick<Finding, 'cell' | 'property'>): string => `${cell}: ${property}`

/** Reports by `keyOf`. */
async function writeIntroduced(
  context: CommandContext,
  { cells, judged, out }: Conclusion,
  findings: readonly Finding[],
): Promise<ReadonlyMap<string, CounterexampleReport>> {
  const introduced = new Set(findings.filter(({ kind }) => kind === 'introduced').map(keyOf))
  const onUnwritten = warningsOf(context, '; free some space or choose another folder with --out')
  const written = new Map<string, CounterexampleReport>()
  for (const [n, { properties }] of judged.entries()) {
    const { name, design, scenario, files = {} } = cells[n]
    const found = properties.filter(
      ({ id, trace }) => trace !== null && introduced.has(keyOf({ cell: name, property: id })),
    )
    if (found.length === 0) continue
    const cell: Cell = { design, scenario, properties: [], unasked: [], foreign: [], files }
    const reports = await context.writer.write(cell, found.map(resultOf), {
      out,
      onUnwritten,
      shortest: true,
    })
    for (const [id, report] of reports) written.set(keyOf({ cell: name, property: id }), report)
  }
  return written
}

/** A violation as a search reports it. */
function resultOf({ id, kind, antecedent, trace }: JudgedProperty): ReturnType<typeof propertyResult> {
  if (trace === null) throw new Error(`no trace of ${id}`)
  const { initial, steps, loopStart, subject, fairness } = trace
  const behaviour = { initial, steps, ...(loopStart === null ? {} : { loopStart }) }
  const result = propertyResult({ id, kind: kind as never }, 'violated', antecedent, behaviour)
  return { ...result, subject, fairness }
}

function shortestDiagram(
  context: CommandContext,
  findings: readonly ReportedFinding[],
  written: ReadonlyMap<string, CounterexampleReport>,
  { out, cells }: Conclusion,
): string | null {
  const rank = ({ cell }: Finding): number => (cell.startsWith(`${UPSTREAM} in `) ? 0 : 1)
  const [first] = findings
    .filter((each) => each.kind === 'introduced' && each.counterexample !== null)
    .toSorted((a, b) => rank(a) - rank(b) || stepsOf(a) - stepsOf(b))
  const report = first === undefined ? undefined : written.get(keyOf(first))
  if (report === undefined) return null
  const { contents, file, id } = report
  const files = cells.find(({ name }) => name === first?.cell)?.files
  return diagram(
    contents === null ? load(context, { name: file ?? id, out }, files) : replayed(context, contents, files),
  )
}
