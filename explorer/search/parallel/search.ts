import { Worker } from 'node:worker_threads'
import { ModelError } from '../../../model/language/errors.ts'
import { isLiveness } from '../../../model/language/property.ts'
import { stepTable } from '../../compile/step-table.ts'
import { predictedCollision } from '../../state/collisions.ts'
import type { SearchResult, Trace } from '../result.ts'
import type { Progress, SearchOptions } from '../search-options.ts'
import { resultsOf } from '../verdicts.ts'
import { MOST_WORKERS, type Origin } from './ancestry.ts'
import { abandon, askToStop, GAUGES, type SharedMemory, sharedMemory } from './exchange.ts'
import type { Found, PeerReport, WorkerInput, WorkerMessage } from './report.ts'
import { loadSubject, type Subject, type SubjectSource } from './subject.ts'

/** How to search with several workers. Model code that observes recordings belongs to the subject. */
export type ParallelSearchOptions = Omit<SearchOptions, 'reduce' | 'onRecord'> & {
  readonly workers: number
}

/** A worker ended or failed before the search did. Never a verdict: nothing is known then. */
export class LostWorker extends Error {
  override readonly name = 'LostWorker'
}

/** Rows that one worker can send to one other in a round. */
const CAPACITY = 1 << 14

/** Milliseconds between two looks at what the workers have done. */
const POLL_INTERVAL = 50

/**
 * Why a subject cannot be searched by several workers, or null. Properties of the whole graph need all edges
 * in one place.
 */
export function unparallel(properties: Subject['properties']): string | null {
  const graph = properties.find((p) => p.kind === 'progress' || isLiveness(p))
  return graph === undefined
    ? null
    : `${graph.id} is judged on the whole graph, which one worker must hold; use --workers 1`
}

/**
 * Searches as `breadthFirst` does, with several threads: the same verdicts, numbers and counterexamples.
 * @throws ModelError when the model is wrong or cannot be searched by several workers; LostWorker when one
 * of them ends early.
 */
export async function parallelBreadthFirst(
  source: SubjectSource,
  options: ParallelSearchOptions,
): Promise<SearchResult<unknown>> {
  const start = performance.now()
  const subject = await loadSubject(source)
  const refused = unparallel(subject.properties)
  if (refused !== null) throw new ModelError(refused)
  const { workers } = options
  if (!Number.isInteger(workers) || workers < 1 || workers > MOST_WORKERS)
    throw new ModelError(`${workers} workers asked for; there can be 1 to ${MOST_WORKERS} (--workers)`)
  const memory = sharedMemory(workers, subject.system.layout.words, CAPACITY)
  const { stop, onProgress, ...sent } = options
  const team = Array.from(
    { length: workers },
    (_, me) => new Colleague({ source, options: plain(sent), memory, me }),
  )
  const poll = setInterval(() => {
    if (stop?.() === true) askToStop(memory)
    onProgress?.(progressOf(memory, (performance.now() - start) / 1000))
  }, POLL_INTERVAL)
  try {
    const reports = await Promise.all(team.map((c) => c.report))
    const found = leastOf(reports)
    const traces = new Map<string, Trace>()
    for (const [id, { worker, finding }] of found)
      traces.set(id, await traceTo(team, subject, worker, finding))
    return resultFrom(subject, reports, traces, (performance.now() - start) / 1000)
  } catch (error) {
    abandon(memory)
    throw error
  } finally {
    clearInterval(poll)
    await Promise.all(team.map((c) => c.dismiss()))
  }
}

/** Only what `ParallelOptions` names, so that nothing that cannot be sent slips in. */
function plain(options: Omit<ParallelSearchOptions, 'stop' | 'onProgress'>): WorkerInput['options'] {
  const { workers: _, ...rest } = options
  return JSON.parse(JSON.stringify(rest)) as WorkerInput['options']
}

/** One worker, as the thread that started it sees it. */
class Colleague {
  readonly report: Promise<PeerReport>
  readonly #worker: Worker
  #expected: ((origin: Origin) => void) | null = null
  #lost: (error: Error) => void = () => {}

  constructor(input: WorkerInput) {
    // The name of the compiled file: workers are only started from the built program.
    this.#worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: input })
    this.report = new Promise((resolve, reject) => {
      this.#lost = (error) => {
        // The others wait for this one; they must not do so for ever.
        abandon(input.memory)
        reject(error)
      }
      this.#worker.on('message', (message: WorkerMessage) => {
        if (message.kind === 'report') resolve(message.report)
        else if (message.kind === 'origin') this.#expected?.(message.origin)
        else if (message.kind === 'model-error') this.#lost(new ModelError(message.message))
        else this.#lost(new LostWorker(`worker ${input.me} failed: ${message.message}`))
      })
      const lost = (why: string): void => this.#lost(new LostWorker(`worker ${input.me} was lost: ${why}`))
      this.#worker.on('error', (error) => lost(error instanceof Error ? error.message : String(error)))
      this.#worker.on('exit', (code) => lost(`its thread ended with status ${code}`))
    })
  }

  originOf(state: number): Promise<Origin> {
    return new Promise((resolve, reject) => {
      this.#expected = resolve
      this.#lost = reject
      this.#worker.postMessage(state)
    })
  }

  async dismiss(): Promise<void> {
    this.#lost = () => {}
    this.report.catch(() => {})
    await this.#worker.terminate()
  }
}

interface Placed {
  readonly worker: number
  readonly finding: Found
}

/** The first finding on each property: least depth, then rank, then step. */
function leastOf(reports: readonly PeerReport[]): Map<string, Placed> {
  const least = new Map<string, Placed>()
  reports.forEach(({ found }, worker) => {
    for (const [id, finding] of found) {
      const other = least.get(id)?.finding
      if (other === undefined || precedes(finding, other)) least.set(id, { worker, finding })
    }
  })
  return least
}

function precedes(a: Found, b: Found): boolean {
  if (a.depth !== b.depth) return a.depth < b.depth
  if (a.rank !== b.rank) return a.rank < b.rank
  return (a.step ?? -1) < (b.step ?? -1)
}

async function traceTo(
  team: readonly Colleague[],
  { system }: Subject,
  worker: number,
  finding: Found,
): Promise<Trace> {
  const table = stepTable(system)
  const steps = finding.step === null ? [] : [finding.step]
  let at = await team[worker].originOf(finding.state)
  while (!('initial' in at)) {
    steps.unshift(at.step)
    at = await team[at.worker].originOf(at.state)
  }
  return {
    initial: at.initial,
    steps: steps.map((s) => ({ thread: system.threads[table[s].thread].name, step: table[s].path })),
  }
}

function resultFrom(
  { system, properties }: Subject,
  reports: readonly PeerReport[],
  traces: ReadonlyMap<string, Trace>,
  seconds: number,
): SearchResult<unknown> {
  const sum = (of: (report: PeerReport) => number): number => reports.reduce((total, r) => total + of(r), 0)
  const [{ states, depth, bits }] = reports
  const unasked = [...traces.keys()].find((id) => !properties.some((p) => p.id === id))
  const incompleteReason =
    reports[0].stopped ??
    (unasked === undefined
      ? null
      : `a step ends in fault ${unasked}, which is not among the properties; nothing behind it was explored`)
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
    // The bits that choose the worker are equal within one, so its pairs stand for fewer free bits.
    ...(bits === null ? {} : { collisionMeasured: reports.length * sum((r) => r.collisionMeasured) }),
    steps,
    properties: resultsOf(properties, antecedents, traces, { complete, states, edges: null }),
    reduction: { asked: 'none', symmetry: null, partialOrder: null, factor: 1, notApplied: [] },
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
