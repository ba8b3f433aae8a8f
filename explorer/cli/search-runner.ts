import { existsSync, readlinkSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { ModelError } from '../../model/language/errors.ts'
import { programFile } from '../program-file.ts'
import type { SearchHooks } from '../search/index.ts'
import { InternalError, UsageError } from './errors.ts'
import type { JudgeRequest } from './gate/judge-cell.ts'
import type { JudgedCell } from './gate/judged-cell.ts'
import type { Checked, CheckRequest } from './run-check.ts'
import type { Asked, ThreadInput, ThreadReport, ThreadRequest } from './search-thread.ts'
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
  /**
   * Searches a cell in full; ends soon after `signal` is aborted, as incomplete.
   * @throws ModelError when the model is wrong, InternalError when its thread was lost or xstate disagrees.
   */
  judge(request: JudgeRequest, signal: AbortSignal, listener: SearchListener): Promise<JudgedCell>
}

/** Called while a search runs. */
export type SearchListener = Required<Pick<SearchHooks, 'onProgress' | 'onUnwritten'>>

const NO_LISTENER: SearchListener = { onProgress: () => {}, onUnwritten: () => {} }

/**
 * Runs each search in a separate thread, so that this thread can show progress and handle signals. Every thread loads
 * the catalogue as a module, because functions cannot be sent, and its code gets faster with use. Both take longer than
 * most searches, so threads are reused.
 */
export function threadRunner(catalogue: URL): SearchRunner & CellJudge & LogTracer {
  const idle: Worker[] = []
  const ask = async <T>(asked: Asked, signal: AbortSignal, listener: SearchListener): Promise<T> => {
    const worker = idle.pop() ?? startThread(catalogue)
    let hasEnded = false
    try {
      const outcome = await searchIn<T>(worker, asked, signal, listener)
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
    trace: (request, signal) => ask<LogReport | null>({ kind: 'trace', request }, signal, NO_LISTENER),
  }
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
): Promise<T> {
  const stop = new Int32Array(new SharedArrayBuffer(4))
  const raise = (): void => {
    Atomics.store(stop, 0, 1)
  }
  if (signal.aborted) raise()
  signal.addEventListener('abort', raise)
  return new Promise<T>((resolve, reject) => {
    const lost = (why: string): void => {
      reject(new InternalError(`${nameOf(asked)} was lost: ${why}`))
    }
    worker.on('message', (report: ThreadReport) => {
      if (report.kind === 'progress') onProgress(report.progress)
      else if (report.kind === 'unwritten') onUnwritten(report.why)
      else if (report.kind === 'outcome') resolve(report.outcome as T)
      else if (report.kind === 'model-error') reject(new ModelError(report.message))
      else if (report.kind === 'checkpoint-error') reject(new UsageError(report.message))
      else if (report.kind === 'contradiction') reject(new InternalError(report.message))
      else lost(report.message)
    })
    worker.on('error', (error) => lost(error instanceof Error ? error.message : String(error)))
    worker.on('exit', (code) => lost(`its thread ended with status ${code}`))
    worker.ref()
    const request: ThreadRequest = { ...asked, stop }
    worker.postMessage(request)
  }).finally(() => {
    signal.removeEventListener('abort', raise)
    for (const event of ['message', 'error', 'exit']) worker.removeAllListeners(event)
  })
}

/** What a thread was asked for, for messages. */
function nameOf(asked: Asked): string {
  const idOf = (named: string | { readonly id: string }) => (typeof named === 'string' ? named : named.id)
  if (asked.kind === 'trace') return `the trace of ${asked.request.file.name}`
  const { design, scenario } = asked.request
  return `the search of ${idOf(scenario)} with ${idOf(design)}`
}
