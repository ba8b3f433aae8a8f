import { existsSync, readlinkSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { ModelError } from '../../model/language/errors.ts'
import { quotedPath } from '../../model/language/quoted.ts'
import { programFile } from '../program-file.ts'
import type { SearchHooks } from '../search/index.ts'
import type { DesignVetting } from './design-code/vet.ts'
import type { ComparedCells, CompareRequest } from './diff/compare-cells.ts'
import { InternalError, UsageError } from './errors.ts'
import type { JudgeRequest } from './gate/judge-cell.ts'
import type { JudgedCell } from './gate/judged-cell.ts'
import type { Checked, CheckRequest } from './run-check.ts'
import type { Asked, ThreadInput, ThreadReport, ThreadRequest } from './search-thread.ts'
import { STOP } from './stop-words.ts'
import type { LogReport, LogTracer } from './trace/log-report.ts'

/** Runs searches, several in parallel. */
export interface SearchRunner {
  /**
   * Runs a search; it ends soon after `signal` is aborted, as incomplete.
   * @throws ModelError when the model is wrong, UsageError for a checkpoint that cannot be used, InternalError when
   *   its thread was lost or the search contradicts itself.
   */
  run(request: CheckRequest, signal: AbortSignal, listener: SearchListener): Promise<Checked>
}

/** Searches cells for the gate, several in parallel. */
export interface CellJudge {
  /** How many cells it is asked for at a time; absent: one for each core. */
  readonly atOnce?: number
  /**
   * Searches a cell in full; ends soon after `signal` is aborted, as incomplete.
   * @throws ModelError when the model is wrong, InternalError when its thread was lost or xstate disagrees.
   */
  judge(request: JudgeRequest, signal: AbortSignal, listener: SearchListener): Promise<JudgedCell>
}

/** Compares two designs in a scenario, several in parallel. */
export interface CellComparer {
  /**
   * Ends soon after `signal` is aborted, as not complete.
   * @throws ModelError when the model is wrong, InternalError when its thread was lost or xstate disagrees.
   */
  compare(request: CompareRequest, signal: AbortSignal, listener: SearchListener): Promise<ComparedCells>
}

/** Called while a search runs. */
export type SearchListener = Required<Pick<SearchHooks, 'onProgress' | 'onUnwritten'>>

const NO_LISTENER: SearchListener = { onProgress: () => {}, onUnwritten: () => {} }

/**
 * Runs each search in a separate thread, so that this thread can show progress and handle signals. Every thread loads
 * the catalogue as a module, because functions cannot be sent, and its code gets faster with use. Both take longer than
 * most searches, so threads are reused.
 */
export function threadRunner(
  catalogue: URL,
): SearchRunner & CellJudge & CellComparer & LogTracer & { readonly vet: DesignVetting } {
  const idle: Worker[] = []
  const ask = async <T>(
    asked: Asked,
    signal: AbortSignal,
    listener: SearchListener,
    longest: number | null = longestSilence(asked),
  ): Promise<T> => {
    const worker = idle.pop() ?? startThread(catalogue)
    let hasEnded = false
    try {
      const outcome = await searchIn<T>(worker, asked, signal, listener, longest)
      hasEnded = true
      return outcome
    } finally {
      if (hasEnded) {
        // An idle thread must not keep the process alive.
        worker.unref()
        idle.push(worker)
      } else await worker.terminate()
    }
  }
  return {
    run: (request, signal, listener) => ask<Checked>({ kind: 'check', request }, signal, listener),
    judge: (request, signal, listener) => ask<JudgedCell>({ kind: 'judge', request }, signal, listener),
    compare: (request, signal, listener) =>
      ask<ComparedCells>({ kind: 'compare', request }, signal, listener),
    trace: (request, signal) => ask<LogReport | null>({ kind: 'trace', request }, signal, NO_LISTENER),
    vet: (request, seconds) =>
      ask<void>({ kind: 'vet', request }, new AbortController().signal, NO_LISTENER, seconds),
  }
}

/** Seconds without a sign of life after which a search that runs code of the user's is given up. */
const LONGEST_SILENCE = 30

/** How long to wait for a sign of life: without end, unless code of the user's runs, which may never end. */
function longestSilence(asked: Asked): number | null {
  if (asked.kind === 'vet' || asked.kind === 'trace') return null
  const designs =
    asked.kind === 'compare' ? [asked.request.a.design, asked.request.b.design] : [asked.request.design]
  if (designs.every((design) => typeof design === 'string' || !('modules' in design))) return null
  const { timeLimit = LONGEST_SILENCE } =
    asked.kind === 'check' ? asked.request.settings : asked.request.limits
  // A search that ends by itself at the limit is to be the one that says so.
  return timeLimit + 2
}

/**
 * Node cannot start a thread while the working directory is deleted. From /proc/self it can, and writing to a relative
 * path still fails, as it should.
 */
function leaveRemovedFolder(): void {
  if (process.platform !== 'linux') return
  const here = readlinkSync('/proc/self/cwd')
  if (here.endsWith(' (deleted)') && !existsSync(here)) process.chdir('/proc/self')
}

function startThread(catalogue: URL): Worker {
  leaveRemovedFolder()
  const workerData: ThreadInput = catalogue.href
  return new Worker(programFile('search-thread'), { workerData })
}

function searchIn<T>(
  worker: Worker,
  asked: Asked,
  signal: AbortSignal,
  { onProgress, onUnwritten }: SearchListener,
  longest: number | null,
): Promise<T> {
  const stop = new Int32Array(new SharedArrayBuffer(8))
  let watch: NodeJS.Timeout | undefined
  const raise = (): void => {
    Atomics.store(stop, STOP.asked, 1)
  }
  if (signal.aborted) raise()
  signal.addEventListener('abort', raise)
  return new Promise<T>((resolve, reject) => {
    const lost = (why: string): void => {
      reject(new InternalError(`${nameOf(asked)} was lost: ${why}`))
    }
    if (longest !== null) {
      const silence = silenceOf(stop)
      watch = setInterval(() => {
        if (silence() >= longest) reject(unending(asked, longest))
      }, WATCH_EVERY_MS)
    }
    worker.on('message', (report: ThreadReport) => {
      if (report.kind === 'progress') onProgress(report.progress)
      else if (report.kind === 'unwritten') onUnwritten(report.why)
      else if (report.kind === 'outcome') resolve(report.outcome as T)
      else if (report.kind === 'model-error') reject(new ModelError(report.message))
      else if (report.kind === 'usage-error' || report.kind === 'checkpoint-error')
        reject(new UsageError(report.message))
      else if (report.kind === 'contradiction') reject(new InternalError(report.message))
      else lost(report.message)
    })
    worker.on('error', (error) => lost(error instanceof Error ? error.message : String(error)))
    worker.on('exit', (code) => lost(`its thread ended with status ${code}`))
    worker.ref()
    const request: ThreadRequest = { ...asked, stop }
    worker.postMessage(request)
  }).finally(() => {
    clearInterval(watch)
    signal.removeEventListener('abort', raise)
    for (const event of ['message', 'error', 'exit']) worker.removeAllListeners(event)
  })
}

const WATCH_EVERY_MS = 200

/** Measures how many seconds ago a search last looked whether it is to end. */
function silenceOf(stop: Int32Array): () => number {
  let polls = 0
  let since = performance.now()
  return () => {
    const now = Atomics.load(stop, STOP.polls)
    if (now !== polls) since = performance.now()
    polls = now
    return (performance.now() - since) / 1000
  }
}

function unending(asked: Asked, longest: number): Error {
  if (asked.kind === 'vet')
    return new UsageError(
      `${quotedPath(asked.request.code.file)}: does not come to an end in ${longest} s: is there an endless loop?`,
    )
  return new ModelError(
    `${nameOf(asked)} gave no sign of life in ${longest} s: a guard, an effect or a property of the design does not end (--time-limit sets how long it may take)`,
  )
}

/** `the search of SCENARIO with DESIGN`. */
function nameOf(asked: Asked): string {
  if (asked.kind === 'vet') return `the run of ${quotedPath(asked.request.code.file)}`
  if (asked.kind === 'trace') return `the trace of ${asked.request.file.name}`
  const idOf = (what: string | { readonly id: string }): string => (typeof what === 'string' ? what : what.id)
  const { scenario } = asked.request
  const designs =
    asked.kind === 'compare' ? [asked.request.a.design, asked.request.b.design] : [asked.request.design]
  const by = designs.map((design) =>
    typeof design === 'object' && 'modules' in design ? quotedPath(design.file) : idOf(design),
  )
  return `the search of ${idOf(scenario)} with ${by.join(' and ')}`
}
