import { z } from 'zod'
import { InputError, readInput } from '../../../counterexamples/input-file.ts'
import { quoted, quotedPath } from '../../../model/language/quoted.ts'
import { UsageError } from '../errors.ts'
import { firstIssue } from '../options.ts'
import { FINDINGS, type FindingKind } from './compare.ts'
import { TIERS } from './gate-cells.ts'
import { judgedCellShape } from './judged-cell.ts'

/** The result of a gate, or of a shard of one, stable for scripts: `mmucheck-gate/1`. */

const KINDS = Object.keys(FINDINGS) as [FindingKind, ...FindingKind[]]

const finding = z.strictObject({
  kind: z.enum(KINDS),
  /** `DESIGN in SCENARIO`; empty for a step. */
  cell: z.string(),
  property: z.string().nullable(),
  was: z.string().nullable(),
  now: z.string().nullable(),
  note: z.string().nullable(),
  /** The counterexample, if it was written. */
  counterexample: z.strictObject({ id: z.string(), file: z.string().nullable() }).nullable(),
})

export const gateShape = z.strictObject({
  schema: z.literal('mmucheck-gate/1'),
  version: z.string(),
  modelHash: z.string(),
  /** The kernel, by id; null for the newest. */
  kernel: z.string().nullable(),
  tier: z.enum(TIERS),
  /** The texts of `--only`; null for all cells. */
  only: z.array(z.string()).nullable(),
  /** Which part this is; null for the whole. */
  shard: z.strictObject({ index: z.int().min(1), of: z.int().min(1) }).nullable(),
  /** Names of the cells whose verdicts come from the cache. */
  cached: z.array(z.string()),
  exitStatus: z.int(),
  findings: z.array(finding),
  /** What was found in each cell; the traces only of violations among the findings. */
  cells: z.array(judgedCellShape),
})

export type GateJson = Readonly<z.infer<typeof gateShape>>

/** Bytes of a file: 428 cells take 2 MiB. */
const MOST_BYTES = 256 << 20

/** Reads the result of a gate. @throws UsageError in one line for anything else. */
export function readGateJson(path: string): GateJson {
  const where = quotedPath(path)
  let json: unknown
  try {
    json = JSON.parse(readInput(path, MOST_BYTES, { pipes: true }))
  } catch (error) {
    if (error instanceof InputError) throw new UsageError(`cannot read ${where}: ${error.message}`)
    if (error instanceof SyntaxError) throw new UsageError(`${where} is not JSON: ${quoted(error.message)}`)
    throw error
  }
  const parsed = gateShape.safeParse(json)
  if (!parsed.success)
    throw new UsageError(
      `${where} is not the result of a gate (mmucheck gate --json FILE): ${firstIssue(parsed.error)}`,
    )
  return parsed.data
}
