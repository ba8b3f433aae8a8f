import { Worker } from 'node:worker_threads'
import { ModelError } from '../../../model/language/errors.ts'
import { isLiveness } from '../../../model/language/property.ts'
import type { Trace } from '../../../model/language/trace.ts'
import { stepTable } from '../../compile/step-table.ts'
import { programFile } from '../../program-file.ts'
import { NOTHING_REDUCED } from '../../reduce/reduction.ts'
import { predictedCollision } from '../../state/collisions.ts'
import { wordsPerSlot } from '../../state/visited-set.ts'
import type { SearchResult } from '../result.ts'
import type { Progress, SearchOptions } from '../search-options.ts'
import { behindOops, type StopReason } from '../stop-reason.ts'
import { resultsOf } from '../verdicts.ts'
import { JoinedGraph } from './joined-graph.ts'
import type { TracesReport, WorkerInput, WorkerMessage, WorkerReport } from './messages.ts'
import { loadModel, type Model, type ModelSource } from './model.ts'
import { portsBetween } from './ports.ts'
import {
  abandon,
  clearStopRequest,
  GAUGES,
  isStopRequested,
  MOST_WORKERS,
  requestStop,
  type SharedMemory,
  sharedMemory,
} from './shared-memory.ts'

/** How to search with several workers. An observer of recordings belongs to the model, which each worker builds. */
export type ParallelSearchOptions = Omit<SearchOptions, 'reduce' | 'onRecord'> & {
  readonly workers: number
  /** Initial slots of the table of visited states, a power of two. */
  readonly slots?: number
}

/** A worker ended or failed before the search was finished. Then there is no verdict at all. */
export class LostWorker extends Error {
  override readonly name = 'LostWorker'
}

/** Initial slots of the table of visited states. */
const SLOTS = 1 << 16

/** Seconds to search for traces after an interruption, or when the time limit is reached. */
const SECONDS_FOR_TRACES = 10

/** Milliseconds between two reports of progress. */
const POLL_INTERVAL = 50

/** Id of the first property that needs the whole graph, which several machines do not have in one place; or null. */
export const graphPropertyIn = (properties: Model['properties']): string | null =>
  properties.find((p) => p.kind === 'progress' || isLiveness(p))?.id ?? null

/**
 * Searches as `breadthFirst` does, with several threads: the same verdicts, numbers and counterexamples. Liveness is left
 * inconclusive, and a goal that cannot always be reached is "violated" without a trace: see `exhaustive`.
 * @throws ModelError when the model is wrong or cannot be searched by several workers; LostWorker when one
 * of them ends early.
 */
export async function parallelBreadthFirst(
  source: ModelSource,
  options: ParallelSearchOptions,
): Promise<SearchResult> {
  const start = performance.now()
  const model = await loadModel(source)
  const { workers } = options
  if (!Number.isInteger(workers) || workers < 1 || workers > MOST_WORKERS)
    throw new ModelError(`${workers} workers asked for; there can be 1 to ${MOST_WORKERS}`)
  const { stop, onProgress, slots = SLOTS, ...others } = options
  const sent = plain(others)
  const memory = sharedMemory(workers, slots, wordsPerSlot(sent))
  let isStoppable = true
  const poll = setInterval(() => {
    if (isStoppable && stop?.() === true) requestStop(memory)
    onProgress?.(progressOf(memory, (performance.now() - start) / 1000))
  }, POLL_INTERVAL)
  try {
    const reports = await together(
      portsBetween(workers).map(
        (ports, me) =>
          new WorkerHandle<WorkerReport>({
            source,
            options: sent,
            memory,
            task: { kind: 'search', me, ports },
          }),
      ),
    )
    const sought = [...new Set(reports.flatMap((r) => r.found))]
    const isInterrupted = isStopRequested(memory)
    if (isInterrupted) {
      isStoppable = false
      clearStopRequest(memory)
    }
    const { timeLimit = Number.POSITIVE_INFINITY } = options
    const left = isInterrupted ? 0 : timeLimit - (performance.now() - start) / 1000
    const most = Math.max(SECONDS_FOR_TRACES, left)
    const limits = Number.isFinite(most) ? { timeLimit: most } : {}
    const found = await tracesOf({ source, memory, options: sent, task: { kind: 'traces', sought, limits } })
    return resultFrom(model, reports, found, (performance.now() - start) / 1000)
  } finally {
    clearInterval(poll)
  }
}

/** The options that can be sent to a worker, without functions. */
function plain(options: Omit<ParallelSearchOptions, 'stop' | 'onProgress'>): WorkerInput['options'] {
  const { workers: _, ...rest } = options
  return JSON.parse(JSON.stringify(rest)) as WorkerInput['options']
}

/** The reports of all workers. Terminates them when all have reported or one is lost. */
async function together<R>(handles: readonly WorkerHandle<R>[]): Promise<R[]> {
  try {
    return await Promise.all(handles.map((c) => c.report))
  } finally {
    await Promise.all(handles.map((c) => c.terminate()))
  }
}

/**
 * The traces to the findings. Which worker finds a state first, and from where, is a matter of chance, so the parents do
 * not lead to the least trace: one thread searches again until it has found the same. A trace is null if that thread
 * was stopped before.
 */
async function tracesOf(
  input: WorkerInput & { readonly task: { readonly sought: readonly string[] } },
): Promise<TracesReport> {
  const { sought } = input.task
  if (sought.length === 0) return { traces: [], stopped: null }
  const [{ traces, stopped }] = await together([new WorkerHandle<TracesReport>(input)])
  const missing = sought.filter((id) => !traces.some(([found]) => found === id))
  // A verdict must not depend on what only some searches find.
  if (missing.length > 0 && stopped === null)
    throw new LostWorker(`what several workers found about ${missing[0]} was not found again by one`)
  return { traces: [...traces, ...missing.map((id) => [id, null] as const)], stopped }
}

/** A worker thread, seen from the thread that started it. */
class WorkerHandle<R> {
  readonly report: Promise<R>
  readonly #worker: Worker

  constructor(input: WorkerInput) {
    const { task, memory } = input
    const name = task.kind === 'search' ? `worker ${task.me}` : 'the search for traces'
    const ports = task.kind === 'search' ? task.ports.filter((p) => p !== null) : []
    // Workers need the built program.
    this.#worker = new Worker(programFile('worker'), {
      workerData: input,
      transferList: ports,
    })
    this.report = new Promise((resolve, reject) => {
      let done = false
      const lost = (error: Error): void => {
        if (done) return
        // The others wait for this one: release them.
        abandon(memory)
        reject(error)
      }
      this.#worker.on('message', (message: WorkerMessage) => {
        if (message.kind === 'done') {
          done = true
          resolve(message.report as R)
        } else if (message.kind === 'model-error') lost(new ModelError(message.message))
        else lost(new LostWorker(`${name} failed: ${message.message}`))
      })
      this.#worker.on('error', (error) =>
        lost(new LostWorker(`${name} was lost: ${error instanceof Error ? error.message : String(error)}`)),
      )
      this.#worker.on('exit', (code) =>
        lost(new LostWorker(`${name} was lost: its thread ended with status ${code}`)),
      )
    })
    // The first loss is reported by `together`; later rejections have no other handler.
    this.report.catch(() => {})
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate()
  }
}

function resultFrom(
  { system, properties }: Model,
  reports: readonly WorkerReport[],
  found: TracesReport,
  seconds: number,
): SearchResult {
  const sum = (of: (report: WorkerReport) => number): number => reports.reduce((total, r) => total + of(r), 0)
  const [{ states, depth, bits, collisionMeasured }] = reports
  const traces = new Map<string, Trace | null>(found.traces)
  const unasked = [...traces.keys()].find((id) => !properties.some((p) => p.id === id))
  const incompleteReason: StopReason | null =
    reports.find((r) => r.stopped !== null)?.stopped ?? (unasked === undefined ? null : behindOops(unasked))
  const complete = incompleteReason === null
  const steps = new Map<string, number>()
  for (const { index, thread, path } of stepTable(system)) {
    const key = `${system.threads[thread].program.kind}.${path}`
    steps.set(key, (steps.get(key) ?? 0) + sum((r) => r.fired[index]))
  }
  const graph = complete ? joinedGraph(reports) : null
  const progress = properties.filter(({ kind }) => kind === 'progress')
  if (graph !== null)
    for (const [n, { id }] of progress.entries()) if (!graph.canAlwaysReach(n)) traces.set(id, null)
  const antecedents = properties.map((_, n) => sum((r) => r.antecedents[n]))
  return {
    complete,
    incompleteReason,
    states,
    transitions: sum((r) => r.transitions),
    depth,
    deadlocks: sum((r) => r.deadlocks),
    seconds,
    bytesPerState: sum((r) => r.bytes) / states,
    collisionProbability: bits === null ? 0 : predictedCollision(states, bits),
    collisionMeasured: bits === null ? null : collisionMeasured,
    steps,
    properties: resultsOf(properties, antecedents, traces, { complete, states, stateGraph: graph }),
    reduction: NOTHING_REDUCED,
    coverage: null,
    workers: reports.length,
    modelError: null,
  }
}

/** The graph of all workers; null unless each has kept its part. */
function joinedGraph(reports: readonly WorkerReport[]): JoinedGraph | null {
  const parts = reports.flatMap(({ graph }) => (graph === null ? [] : [graph]))
  return parts.length === reports.length ? new JoinedGraph(parts) : null
}

function progressOf({ gauges, workers }: SharedMemory, seconds: number): Progress {
  const sum = (gauge: number): number => {
    let total = 0
    for (let w = 0; w < workers; w++) total += gauges[GAUGES * w + gauge]
    return total
  }
  // All workers have the same depth.
  return { transitions: sum(0), states: sum(1), bytes: sum(2), frontier: sum(3), depth: gauges[4], seconds }
}
