import { isLiveness, type Property } from '../../../model/language/property.ts'
import { programFile } from '../../program-file.ts'
import { LostWorker } from '../../search/index.ts'
import { bitsFor } from '../../shards/fingerprint-bits.ts'
import type { RunSpec, ShardReport } from '../../shards/run-spec.ts'
import { submitRun } from '../../shards/submit-run.ts'
import type { Cell } from '../cells.ts'
import { InternalError, UsageError } from '../errors.ts'
import type { Io } from '../io.ts'
import type { SearchRunner } from '../search-runner.ts'
import { subjectOf } from '../search-subject.ts'
import { NO_FILES } from './queue-judge.ts'
import type { Session } from './session.ts'

/** How one search is divided. */
export interface Division {
  readonly shards: number
  /** States that are expected; they decide how long the fingerprints are. */
  readonly expected: number
  readonly untilViolated: boolean
}

/** States that are expected if the user does not say. */
export const EXPECTED = 1_000_000_000

/** Runs each search over several shards, which workers have. */
export function shardRunner(
  session: Session,
  io: Io,
  { shards, expected, untilViolated }: Division,
  onReports: (reports: readonly ShardReport[], bits: number) => void,
): SearchRunner {
  return {
    run: async (request, signal, { onProgress }) => {
      const { scenario, design, kernel, properties, unasked, settings } = request
      if (typeof scenario !== 'string' || typeof design !== 'string') throw new UsageError(NO_FILES)
      const { maxStates, timeLimit, memoryLimit = null, seed = 1, fingerprintBits } = settings
      const names = { scenario, design, properties, unasked }
      const model = await subjectOf(programFile('kvm-catalogue').href, {
        ...names,
        ...(kernel === undefined ? {} : { kernel }),
      })
      const spec: RunSpec = {
        build: session.keys.build,
        subject: { ...names, kernel: kernel ?? null, properties: [...properties], unasked: [...unasked] },
        shards,
        bits: fingerprintBits === 96 || fingerprintBits === 128 ? fingerprintBits : bitsFor(expected),
        seed,
        memoryLimit,
      }
      const limits = {
        ...(maxStates === undefined ? {} : { maxStates }),
        ...(timeLimit === undefined ? {} : { timeLimit }),
      }
      const onWaiting = (missing: readonly number[]): void =>
        io.err(
          `mmucheck: shard ${missing.join(', ')} of ${shards} has no worker; start "mmucheck worker" of this build${missing.length === shards ? '' : ', where the lost one had its folder'}`,
        )
      const { client, keys } = session
      const common = { client, keys, spec, model, limits, untilViolated, signal, onProgress }
      try {
        return {
          ...(await submitRun({
            ...common,
            onWaiting,
            onReports: (reports) => onReports(reports, spec.bits),
          })),
          selfCheck: null,
        }
      } catch (error) {
        throw error instanceof LostWorker ? new InternalError(error.message) : error
      }
    },
  }
}

/**
 * The cells without what no shard can judge.
 * @param isAllowed whether the user asked for that.
 * @throws UsageError for such properties, unless it is allowed.
 */
export function withoutGraphProperties(cells: readonly Cell[], isAllowed: boolean, io: Io): Cell[] {
  return cells.map((cell) => {
    const graph = [...cell.properties, ...cell.unasked].filter(needsGraph).map(({ id }) => id)
    if (graph.length === 0) return cell
    const ids = graph.join(', ')
    if (!isAllowed)
      throw new UsageError(
        `--shards: ${ids} of ${cell.scenario.id} need the whole graph, which no shard has; leave them out with --safety, or name others with --property`,
      )
    io.err(`mmucheck: ${cell.scenario.id}: left out, because no shard has the whole graph: ${ids}`)
    const isKept = (property: Property<unknown>): boolean => !needsGraph(property)
    const properties = cell.properties.filter(isKept)
    if (properties.length === 0)
      throw new UsageError(`--safety: ${cell.scenario.id} has no property that a state or step decides`)
    return { ...cell, properties, unasked: cell.unasked.filter(isKept) }
  })
}

const needsGraph = (property: Property<unknown>): boolean =>
  property.kind === 'progress' || isLiveness(property as Property<never>)
