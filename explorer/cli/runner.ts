import { Worker } from 'node:worker_threads'
import { ModelError } from '../../model/language/errors.ts'
import type { Progress } from '../search/breadth-first.ts'
import { InternalError, UsageError } from './errors.ts'
import type { CheckOutcome, CheckRequest } from './run-check.ts'
import type { ThreadInput, ThreadReport } from './search-thread.ts'

/** Makes searches, several at a time. */
export interface Runner {
  /**
   * Searches; when `signal` is aborted the search ends soon, as incomplete.
   * @throws ModelError when the model is wrong, UsageError for a checkpoint that cannot be used or written,
   *   InternalError when the search was lost.
   */
  run(
    request: CheckRequest,
    signal: AbortSignal,
    onProgress: (progress: Progress) => void,
  ): Promise<CheckOutcome>
}

/**
 * Searches in threads of their own, so that this thread can show progress and hear signals while a search
 * runs. The catalogue is a module that each thread loads, because model code cannot be sent.
 */
export function threadRunner(catalogue: URL): Runner {
  return {
    run: (request, signal, onProgress) =>
      new Promise((resolve, reject) => {
        const stop = new Int32Array(new SharedArrayBuffer(4))
        const raise = (): void => {
          Atomics.store(stop, 0, 1)
        }
        if (signal.aborted) raise()
        signal.addEventListener('abort', raise)
        const input: ThreadInput = { catalogue: catalogue.href, request, stop }
        // The name of the compiled file: threads are only started from the built program.
        const worker = new Worker(new URL('./search-thread.js', import.meta.url), { workerData: input })
        const lost = (why: string): void => {
          const what = typeof request.design === 'string' ? request.design : request.design.id
          reject(new InternalError(`the search of ${request.scenario} with ${what} was lost: ${why}`))
        }
        worker.on('message', (report: ThreadReport) => {
          if (report.kind === 'progress') onProgress(report.progress)
          else if (report.kind === 'outcome') resolve(report.outcome)
          else if (report.kind === 'model-error') reject(new ModelError(report.message))
          else if (report.kind === 'checkpoint-error') reject(new UsageError(report.message))
          else lost(report.message)
        })
        worker.on('error', (error) => lost(error instanceof Error ? error.message : String(error)))
        worker.on('exit', (code) => {
          signal.removeEventListener('abort', raise)
          lost(`its thread ended with status ${code}`)
        })
      }),
  }
}
