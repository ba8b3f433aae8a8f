import { randomInt } from 'node:crypto'
import { quotedPath } from '../../../model/language/quoted.ts'
import type { CommandContext } from '../command-context.ts'
import { UsageError } from '../errors.ts'
import { gateCells } from '../gate/gate-cells.ts'
import { type GateJson, readGateJson } from '../gate/gate-json.ts'
import type { JudgedCell } from '../gate/judged-cell.ts'
import { count, readOptions } from '../options.ts'
import { recheck } from '../queue/recheck.ts'
import { refuseTwoOutputs } from '../report/formats/print.ts'
import { baselineFile, baselineIn, report, reportOptions } from './gate.ts'

const options = reportOptions.extend({ recheck: count().optional() })

/**
 * `mmucheck merge`: puts the shards of a gate together, and reports what the whole gate reports, for any number of
 * shards.
 * @returns the exit status of `gate`.
 * @throws UsageError unless the files are all shards of one run of this build.
 */
export async function merge(
  context: CommandContext,
  paths: readonly string[],
  raw: unknown,
): Promise<number> {
  const flags = readOptions(options, raw)
  refuseTwoOutputs(flags)
  const files = paths.map((path) => ({ path, json: readGateJson(path) }))
  const [{ json: first }] = files
  for (const { path, json } of files) refuseOther(context, first, json, path)
  refuseMissing(first, files)
  const { kernel, tier } = first
  const only = first.only
  const scope = { kernel, tier }
  const all = gateCells(context.catalogue, scope)
  const wanted = all.filter(({ name }) => only?.some((text) => name.includes(text)) !== false)
  const found = new Map<string, JudgedCell>(
    files.flatMap(({ json }) =>
      json.cells.map((cell) => [`${cell.design} in ${cell.scenario}`, cell] as const),
    ),
  )
  const missing = wanted.find(({ name }) => !found.has(name))
  if (missing !== undefined) throw new UsageError(`no shard has the cell "${missing.name}"`)
  const baseline = baselineIn(
    baselineFile(context, scope, flags.baseline),
    tier === 'deep' && flags.baseline === undefined,
  )
  await recheckSome(context, kernel, found, flags.recheck ?? 0)
  return report(context, flags, {
    scope,
    only,
    shard: null,
    baseline,
    cells: wanted,
    judged: wanted.flatMap(({ name }) => found.get(name) ?? []),
    cached: files.flatMap(({ json }) => json.cached),
    all: all.map(({ name }) => name),
    sameGraph: flags.sameGraph,
    out: flags.out,
  })
}

/**
 * Searches some cells again, chosen at random: files can be forged.
 * @throws InternalError when this machine finds something else.
 */
async function recheckSome(
  { judge, signal }: CommandContext,
  kernel: string | null,
  found: ReadonlyMap<string, JudgedCell>,
  most: number,
): Promise<void> {
  const left = [...found.values()].filter(({ complete }) => complete)
  for (let n = 0; n < most && left.length > 0; n++) {
    const [cell] = left.splice(randomInt(left.length), 1)
    const { design, scenario } = cell
    const request = { design, scenario, ...(kernel === null ? {} : { kernel }), limits: {} }
    await recheck(judge, request, cell, signal)
  }
}

/** @throws UsageError for a result of another build or another run than the first one. */
function refuseOther(context: CommandContext, first: GateJson, json: GateJson, path: string): void {
  const where = quotedPath(path)
  if (json.version !== context.version || json.modelHash !== context.modelHash())
    throw new UsageError(`${where} is of another model or version than this program`)
  if (json.shard === null) throw new UsageError(`${where} is no shard; it needs no merging`)
  const scopeOf = ({ kernel, tier, only, shard }: GateJson): string =>
    JSON.stringify([kernel, tier, only, shard?.of])
  if (scopeOf(json) !== scopeOf(first))
    throw new UsageError(
      `${where} is of another run than the first file: kernel, tier, --only or number of shards`,
    )
}

/** @throws UsageError unless each shard is there once. */
function refuseMissing(
  { shard }: GateJson,
  files: readonly { readonly path: string; readonly json: GateJson }[],
): void {
  const seen = new Set<number>()
  for (const { path, json } of files) {
    const index = json.shard?.index ?? 0
    if (seen.has(index)) throw new UsageError(`${quotedPath(path)}: shard ${index} is there twice`)
    seen.add(index)
  }
  const of = shard?.of ?? 0
  const missing = Array.from({ length: of }, (_, n) => n + 1).filter((n) => !seen.has(n))
  if (missing.length > 0) throw new UsageError(`shard ${missing.join(', ')} of ${of} is missing`)
}
