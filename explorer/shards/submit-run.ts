import { createHash, randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { ModelError } from '../../model/language/errors.ts'
import type { Trace } from '../../model/language/trace.ts'
import { canBeTaken } from '../checkpoint/trace-check.ts'
import { CompiledSystem } from '../compile/compiled-system.ts'
import { stepTable } from '../compile/step-table.ts'
import { serverOf } from '../queue/connection.ts'
import type { Keys } from '../queue/keys.ts'
import type { RedisClient } from '../queue/packages.ts'
import { NOTHING_REDUCED } from '../reduce/reduction.ts'
import type { Limits } from '../search/limits.ts'
import type { Model } from '../search/parallel/model.ts'
import { graphPropertyIn, LostWorker } from '../search/parallel/search.ts'
import type { SearchResult } from '../search/result.ts'
import type { Progress } from '../search/search-options.ts'
import { countsByName, namedSteps } from '../search/step-names.ts'
import { behindOops, type StopReason } from '../search/stop-reason.ts'
import { resultsOf } from '../search/verdicts.ts'
import { predictedCollision } from '../state/collisions.ts'
import { originShape, type RunSpec, type ShardReport, shardReportShape } from './run-spec.ts'
import { type RunKeys, runKeys, stopRun } from './scripts.ts'

/** A run, and what the submitter wants of it. */
export interface SubmittedRun {
  readonly client: RedisClient
  readonly keys: Keys
  readonly spec: RunSpec
  readonly model: Model
  readonly limits: Pick<Limits, 'maxStates' | 'timeLimit'>
  /** End at the first violation. */
  readonly untilViolated: boolean
  readonly signal: AbortSignal
  readonly onProgress: (progress: Progress) => void
  /** Called when shards have no worker, once for each such time. */
  readonly onWaiting: (shards: readonly number[]) => void
  /** Called with what the shards report. */
  readonly onReports: (reports: readonly ShardReport[]) => void
}

/** Milliseconds between two looks at a run. */
const LOOK_EVERY_MS = 100

/** Milliseconds without a worker after which the user hears of it. */
const PATIENT_MS = 15_000

const errorShape = z.object({ kind: z.enum(['model-error', 'foreign', 'failed']), message: z.string() })

/** Why a shard could not continue: a limit of its process. */
const stoppedShape = z.union([
  z.object({ kind: z.literal('memory-limit'), mebibytes: z.number() }),
  z.object({ kind: z.literal('table-full'), table: z.literal('visited states') }),
])

/** What a shard has said of itself. */
interface Seen {
  readonly level: number
  readonly next: number
  readonly count: number
  readonly transitions: number
  readonly isViolated: boolean
  readonly isOwned: boolean
  readonly error: string | null
  readonly stopped: string | null
  readonly report: string | null
}

/** The id of a run: submitting the same again finds the run that is there. */
export const runId = (spec: RunSpec): string =>
  createHash('sha256').update(JSON.stringify(spec)).digest('hex').slice(0, 16)

/**
 * Has one exhaustive search made by several shards, which workers search: the same verdicts, counts and depth as
 * `breadthFirst` without reductions, and shortest traces.
 * @throws ModelError when the model is wrong, or a property needs the whole graph; LostWorker when the run is lost.
 */
export async function submitRun(run: SubmittedRun): Promise<SearchResult> {
  const start = performance.now()
  const graph = graphPropertyIn(run.model.properties)
  if (graph !== null) throw new ModelError(`${graph} is judged on the whole graph, which no shard has`)
  const id = runId(run.spec)
  const keys = runKeys(run.keys.run(id))
  await enter(run, keys)
  await run.client.call('SADD', [run.keys.runs, id])
  let stopped: StopReason | null
  let reports: readonly ShardReport[]
  let traces: ReadonlyMap<string, Trace>
  try {
    stopped = await followed(run, keys, start)
    reports = await reportsOf(run, keys)
    run.onReports(reports)
    traces = await tracesOf(run, keys, reports)
  } catch (error) {
    // A shard that could not be searched, for example because its disk is full, continues when the same is submitted again.
    if (!(error instanceof Unsearched)) await end(run, keys, id)
    throw error
  }
  await end(run, keys, id)
  return resultFrom(run, reports, traces, stopped, (performance.now() - start) / 1000)
}

/** A shard cannot be searched where its worker is; another attempt may succeed. */
class Unsearched extends LostWorker {}

/** Puts the run into Redis, unless it is there. */
async function enter({ client, spec }: SubmittedRun, keys: RunKeys): Promise<void> {
  const { run } = keys
  const { id: server } = await serverOf(client)
  await client.call('HSETNX', [run, 'nonce', randomBytes(8).toString('hex')])
  for (const [field, value] of Object.entries({ server, generation: 0, level: 0, phase: 'search' }))
    await client.call('HSETNX', [run, field, value])
  // What hindered a shard before may be over.
  for (let n = 0; n < spec.shards; n++) await client.call('HDEL', [keys.shard(n), 'error'])
  // Last: a run without it is not looked at.
  await client.call('HSETNX', [run, 'spec', JSON.stringify(spec)])
}

/** Waits for the end of the search. @returns why it is not complete, or null. */
async function followed(run: SubmittedRun, keys: RunKeys, start: number): Promise<StopReason | null> {
  const { client, limits, signal } = run
  let reason: StopReason | null = null
  let owned = performance.now()
  for (;;) {
    const [phase, level] = (await client.call('HMGET', [keys.run, 'phase', 'level'])) as (string | null)[]
    if (phase === null) throw new LostWorker(GONE)
    const shards = await seenShards(run, keys)
    throwErrors(shards)
    if (phase === 'done') return null
    if (phase !== 'search') return reason ?? stopReasonOf(shards) ?? { kind: 'interrupted' }
    const sum = (of: (shard: Seen) => number): number => shards.reduce((total, each) => total + of(each), 0)
    const states = sum(({ count }) => count)
    const seconds = (performance.now() - start) / 1000
    const progress = {
      states,
      transitions: sum(({ transitions }) => transitions),
      depth: Number(level),
      seconds,
    }
    run.onProgress({ ...progress, frontier: sum(({ next }) => next), bytes: 0 })
    if (signal.aborted) reason = { kind: 'interrupted' }
    else if (limits.maxStates !== undefined && states > limits.maxStates)
      reason = { kind: 'max-states', states: limits.maxStates }
    else if (limits.timeLimit !== undefined && seconds > limits.timeLimit)
      reason = { kind: 'time-limit', seconds: limits.timeLimit }
    else if (run.untilViolated && shards.some(({ isViolated }) => isViolated)) reason = { kind: 'violated' }
    else reason = stopReasonOf(shards)
    if (reason !== null) await stopRun(client, keys)
    const missing = shards.flatMap(({ isOwned }, n) => (isOwned ? [] : [n]))
    if (missing.length === 0) owned = performance.now()
    else if (performance.now() - owned > PATIENT_MS) {
      owned = Number.POSITIVE_INFINITY
      run.onWaiting(missing)
    }
    await sleep(LOOK_EVERY_MS)
  }
}

const GONE =
  'the run is gone from Redis: it was restarted without its data, or another submitter has ended the run'

function throwErrors(shards: readonly Seen[]): void {
  for (const [n, { error }] of shards.entries()) {
    if (error === null) continue
    const { kind, message } = errorShape.parse(JSON.parse(error))
    if (kind === 'model-error') throw new ModelError(message)
    if (kind === 'failed') throw new Unsearched(`shard ${n} cannot be searched: ${message}`)
    throw new LostWorker(`shard ${n} was sent what is not from this search: ${message}`)
  }
}

function stopReasonOf(shards: readonly Seen[]): StopReason | null {
  const stopped = shards.find((shard) => shard.stopped !== null)?.stopped
  return stopped === undefined || stopped === null ? null : stoppedShape.parse(JSON.parse(stopped))
}

async function seenShards({ client, spec }: SubmittedRun, keys: RunKeys): Promise<Seen[]> {
  const fields = ['level', 'next', 'count', 'transitions', 'violated', 'error', 'stopped', 'report']
  return Promise.all(
    Array.from({ length: spec.shards }, async (_, n) => {
      const [values, isOwned] = (await Promise.all([
        client.call('HMGET', [keys.shard(n), ...fields]),
        client.call('EXISTS', [keys.owner(n)]),
      ])) as [(string | null)[], number]
      const [level, next, count, transitions, violated, error, stopped, report] = values
      return {
        level: Number(level ?? 0),
        next: Number(next ?? 0),
        count: Number(count ?? 0),
        transitions: Number(transitions ?? 0),
        isViolated: violated === '1',
        isOwned: isOwned === 1,
        error,
        stopped,
        report,
      }
    }),
  )
}

/** The reports of all shards, when all have reported. */
async function reportsOf(run: SubmittedRun, keys: RunKeys): Promise<ShardReport[]> {
  for (let owned = performance.now(); ; ) {
    if ((await run.client.call('EXISTS', [keys.run])) === 0) throw new LostWorker(GONE)
    const shards = await seenShards(run, keys)
    throwErrors(shards)
    const reports = shards.flatMap(({ report }) => (report === null ? [] : [report]))
    if (reports.length === run.spec.shards)
      return reports.map((report, n) => {
        const parsed = shardReportShape.safeParse(JSON.parse(report))
        if (!parsed.success) throw new LostWorker(`shard ${n} reported what is no report`)
        return parsed.data
      })
    const missing = shards.flatMap(({ isOwned }, n) => (isOwned ? [] : [n]))
    if (missing.length === 0) owned = performance.now()
    else if (run.signal.aborted && performance.now() - owned > PATIENT_MS)
      throw new LostWorker(`interrupted while shard ${missing.join(', ')} had no worker`)
    await sleep(LOOK_EVERY_MS)
  }
}

/** For each property or oops that was found the trace to the nearest place, by walking back over the shards. */
async function tracesOf(
  run: SubmittedRun,
  keys: RunKeys,
  reports: readonly ShardReport[],
): Promise<Map<string, Trace>> {
  const { system } = run.model
  const nearest = new Map<string, { shard: number; state: number; step: number | null; depth: number }>()
  for (const [shard, { findings }] of reports.entries())
    for (const [id, state, step, depth] of findings)
      if (depth < (nearest.get(id)?.depth ?? Number.POSITIVE_INFINITY))
        nearest.set(id, { shard, state, step, depth })
  const table = stepTable(system)
  const traces = new Map<string, Trace>()
  for (const [id, found] of nearest) {
    const { initial, steps } = await pathTo(run, keys, found, found.depth)
    const all = found.step === null ? steps : [...steps, found.step]
    const compiled = new CompiledSystem(system)
    if (system.initial[initial] === undefined || !canBeTaken(compiled, system.initial[initial], all))
      throw new LostWorker(`the steps that the shards have lead nowhere: ${id} is not confirmed`)
    traces.set(id, { initial, steps: namedSteps(system, table, all) })
  }
  return traces
}

async function pathTo(
  { client, spec }: SubmittedRun,
  keys: RunKeys,
  found: { readonly shard: number; readonly state: number },
  depth: number,
): Promise<{ initial: number; steps: number[] }> {
  const steps: number[] = []
  let { shard, state } = found
  for (let left = depth; left >= 0; left--) {
    const field = `${shard}:${state}`
    await client.call('RPUSH', [keys.asked(shard), state])
    let answer: unknown = null
    while (answer === null) {
      answer = await client.call('HGET', [keys.answers, field])
      if (answer === null && (await client.call('EXISTS', [keys.run])) === 0) throw new LostWorker(GONE)
      if (answer === null) await sleep(2)
    }
    const origin = originShape.parse(JSON.parse(String(answer)))
    if (origin.shard === null) return { initial: origin.parent, steps: steps.reverse() }
    if (origin.shard >= spec.shards) break
    steps.push(origin.step)
    shard = origin.shard
    state = origin.parent
  }
  throw new LostWorker(
    `the shards have no way from an initial state to state ${found.state} of shard ${found.shard}`,
  )
}

/** Removes the run: its shards end when they see that it is gone. */
async function end({ client, keys: all, spec }: SubmittedRun, keys: RunKeys, id: string): Promise<void> {
  const own = Array.from({ length: spec.shards }, (_, n) => [
    keys.stream(n),
    keys.shard(n),
    keys.owner(n),
    keys.asked(n),
  ])
  await client.call('SREM', [all.runs, id])
  await client.call('DEL', [keys.run, keys.answers, ...own.flat()])
}

function resultFrom(
  { model: { system, properties }, spec }: SubmittedRun,
  reports: readonly ShardReport[],
  traces: ReadonlyMap<string, Trace>,
  stopped: StopReason | null,
  seconds: number,
): SearchResult {
  const sum = (of: (report: ShardReport) => number): number => reports.reduce((total, r) => total + of(r), 0)
  const states = sum((r) => r.states)
  const unasked = [...traces.keys()].find((id) => !properties.some((p) => p.id === id))
  const incompleteReason = stopped ?? (unasked === undefined ? null : behindOops(unasked))
  const complete = incompleteReason === null
  const table = stepTable(system)
  const fired = table.map((_, s) => sum((r) => r.fired[s] ?? 0))
  const antecedents = properties.map((_, n) => sum((r) => r.antecedents[n] ?? 0))
  return {
    complete,
    incompleteReason,
    states,
    transitions: sum((r) => r.transitions),
    depth: Math.max(0, ...reports.map((r) => r.depth)),
    deadlocks: sum((r) => r.deadlocks),
    seconds,
    bytesPerState: sum((r) => r.bytes) / states,
    collisionProbability: predictedCollision(states, spec.bits),
    collisionMeasured: null,
    steps: countsByName(system, table, fired),
    properties: resultsOf(properties, antecedents, traces, { complete, states, stateGraph: null }),
    reduction: NOTHING_REDUCED,
    coverage: null,
    workers: spec.shards,
    modelError: null,
  }
}
