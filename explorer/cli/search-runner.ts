import { existsSync, readlinkSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { ModelError } from '../../model/language/errors.ts'
import { programFile } from '../program-file.ts'
import type { SearchHooks } from '../search/index.ts'
import { InternalError, UsageError } from './errors.ts'
import type { Checked, CheckRequest } from './run-check.ts'
import type { ThreadInput, ThreadReport, ThreadRequest } from './search-thread.ts'

/** Makes searches, several at a time. */
export interface SearchRunner {
  /**
   * Searches; when `signal` is aborted the search ends soon, as incomplete.
   * @throws ModelError when the model is wrong, UsageError for a checkpoint that cannot be used, InternalError when
   *   the search was lost or contradicts itself.
   */
  run(request: CheckRequest, signal: AbortSignal, listener: SearchListener): Promise<Checked>
}

/** What is told while a search runs. */
export type SearchListener = Required<Pick<SearchHooks, 'onProgress' | 'onUnwritten'>>

/** States of a search after which its thread ends, and gives all its memory back at once. */
const LARGE = 200_000

/**
 * Searches in threads of their own, so that this thread can show progress and hear signals while a search
 * runs. The catalogue is a module that each thread loads, because model code cannot be sent. That takes longer
 * than a small search, so a thread that made one waits for the next.
 */
export function threadRunner(catalogue: URL): SearchRunner {
  const idle: Worker[] = []
  return {
    async run(request, signal, listener) {
      const worker = idle.pop() ?? startThread(catalogue)
      let small = false
      try {
        const outcome = await searchIn(worker, request, signal, listener)
        small = outcome.states < LARGE
        return outcome
      } finally {
        if (small) {
          // A thread that waits does not keep the process from ending.
          worker.unref()
          idle.push(worker)
        } else await worker.terminate()
      }
    },
  }
}

/**
 * Node starts no thread while the folder of the process is gone. In /proc a thread starts, and what is written to a
 * relative path still fails, as it must.
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

function searchIn(
  worker: Worker,
  request: CheckRequest,
  signal: AbortSignal,
  { onProgress, onUnwritten }: SearchListener,
): Promise<Checked> {
  const stop = new Int32Array(new SharedArrayBuffer(4))
  const raise = (): void => {
    Atomics.store(stop, 0, 1)
  }
  if (signal.aborted) raise()
  signal.addEventListener('abort', raise)
  return new Promise<Checked>((resolve, reject) => {
    const lost = (why: string): void => {
      const idOf = (asked: string | { readonly id: string }) => (typeof asked === 'string' ? asked : asked.id)
      const what = idOf(request.design)
      reject(new InternalError(`the search of ${idOf(request.scenario)} with ${what} was lost: ${why}`))
    }
    worker.on('message', (report: ThreadReport) => {
      if (report.kind === 'progress') onProgress(report.progress)
      else if (report.kind === 'unwritten') onUnwritten(report.why)
      else if (report.kind === 'outcome') resolve(report.outcome)
      else if (report.kind === 'model-error') reject(new ModelError(report.message))
      else if (report.kind === 'checkpoint-error') reject(new UsageError(report.message))
      else if (report.kind === 'contradiction') reject(new InternalError(report.message))
      else lost(report.message)
    })
    worker.on('error', (error) => lost(error instanceof Error ? error.message : String(error)))
    worker.on('exit', (code) => lost(`its thread ended with status ${code}`))
    worker.ref()
    const asked: ThreadRequest = { request, stop }
    worker.postMessage(asked)
  }).finally(() => {
    signal.removeEventListener('abort', raise)
    for (const event of ['message', 'error', 'exit']) worker.removeAllListeners(event)
  })
}
