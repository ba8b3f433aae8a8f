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
import type { StopReason } from '../stop-reason.ts'
import { resultsOf } from '../verdicts.ts'
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

/** How to search with several workers. Model code that observes recordings belongs to the subject. */
export type ParallelSearchOptions = Omit<SearchOptions, 'reduce' | 'onRecord'> & {
  readonly workers: number
  /** Slots of the table of visited states to begin with, a power of two. It grows. */
  readonly slots?: number
}

/** A worker ended or failed before the search did. Never a verdict: nothing is known then. */
export class LostWorker extends Error {
  override readonly name = 'LostWorker'
}

/** Slots of the table a search begins with. */
const SLOTS = 1 << 16

/** How long the traces to what was found are looked for though the search was interrupted or is out of time. */
const SECONDS_FOR_TRACES = 10

/** Milliseconds between two looks at what the workers have done. */
const POLL_INTERVAL = 50

/** The first property that several workers cannot judge, by id: one of the whole graph needs all edges in one place. */
export const graphPropertyIn = (properties: Model['properties']): string | null =>
  properties.find((p) => p.kind === 'progress' || isLiveness(p))?.id ?? null

/**
 * Searches as `breadthFirst` does, with several threads: the same verdicts, numbers and counterexamples.
 * @throws ModelError when the model is wrong or cannot be searched by several workers; LostWorker when one
 * of them ends early.
 */
export async function parallelBreadthFirst(
  source: ModelSource,
  options: ParallelSearchOptions,
): Promise<SearchResult> {
  const start = performance.now()
  const model = await loadModel(source)
  const graph = graphPropertyIn(model.properties)
  if (graph !== null)
    throw new ModelError(`${graph} is judged on the whole graph, which one worker must hold`)
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

/** Only what `ParallelOptions` names, so that nothing that cannot be sent slips in. */
function plain(options: Omit<ParallelSearchOptions, 'stop' | 'onProgress'>): WorkerInput['options'] {
  const { workers: _, ...rest } = options
  return JSON.parse(JSON.stringify(rest)) as WorkerInput['options']
}

/** What all of them report; when there is nothing more to do for them, or one is lost, they are dismissed. */
async function together<R>(team: readonly WorkerHandle<R>[]): Promise<R[]> {
  try {
    return await Promise.all(team.map((c) => c.report))
  } finally {
    await Promise.all(team.map((c) => c.dismiss()))
  }
}

/**
 * The traces to what was found. Who found a state first is a matter of chance, so where it came from says
 * nothing about the least trace: one thread searches again, up to where everything is found. A trace is null
 * when that thread was stopped before.
 */
async function tracesOf(
  input: WorkerInput & { readonly task: { readonly sought: readonly string[] } },
): Promise<TracesReport> {
  const { sought } = input.task
  if (sought.length === 0) return { traces: [], stopped: null }
  const [{ traces, stopped }] = await together([new WorkerHandle<TracesReport>(input)])
  const missing = sought.filter((id) => !traces.some(([found]) => found === id))
  // A verdict must not depend on what only some searches see.
  if (missing.length > 0 && stopped === null)
    throw new LostWorker(`what several workers found about ${missing[0]} was not found again by one`)
  return { traces: [...traces, ...missing.map((id) => [id, null] as const)], stopped }
}

/** One thread, as the one that started it sees it. */
class WorkerHandle<R> {
  readonly report: Promise<R>
  readonly #worker: Worker

  constructor(input: WorkerInput) {
    const { task, memory } = input
    const name = task.kind === 'search' ? `worker ${task.me}` : 'the search for traces'
    const ports = task.kind === 'search' ? task.ports.filter((p) => p !== null) : []
    // The name of the compiled file: workers are only started from the built program.
    this.#worker = new Worker(programFile('worker'), {
      workerData: input,
      transferList: ports,
    })
    this.report = new Promise((resolve, reject) => {
      let done = false
      const lost = (error: Error): void => {
        if (done) return
        // The others wait for this one; they must not do so for ever.
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
    // Whoever is told first of a loss decides what is said of it; the others are not asked any more.
    this.report.catch(() => {})
  }

  async dismiss(): Promise<void> {
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
    reports.find((r) => r.stopped !== null)?.stopped ??
    (unasked === undefined ? null : { kind: 'unasked-fault', fault: unasked })
  const complete = incompleteReason === null
  const steps = new Map<string, number>()
  for (const { index, thread, path } of stepTable(system)) {
    const key = `${system.threads[thread].program.kind}.${path}`
    steps.set(key, (steps.get(key) ?? 0) + sum((r) => r.fired[index]))
  }
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
    properties: resultsOf(properties, antecedents, traces, { complete, states, stateGraph: null }),
    reduction: NOTHING_REDUCED,
    coverage: null,
    workers: reports.length,
    modelError: null,
  }
}

function progressOf({ gauges, workers }: SharedMemory, seconds: number): Progress {
  const sum = (gauge: number): number => {
    let total = 0
    for (let w = 0; w < workers; w++) total += gauges[GAUGES * w + gauge]
    return total
  }
  // All workers are at the same depth.
  return { transitions: sum(0), states: sum(1), bytes: sum(2), frontier: sum(3), depth: gauges[4], seconds }
}
