import { parentPort, workerData } from 'node:worker_threads'
import { ModelError } from '../../model/language/errors.ts'
import type { Progress } from '../search/breadth-first.ts'
import { loadCatalogue } from './load-catalogue.ts'
import { type CheckOutcome, type CheckRequest, runCheck } from './run-check.ts'

/** What a search thread is started with. */
export interface ThreadInput {
  /** Address of the module that holds the catalogue. */
  readonly catalogue: string
  readonly request: CheckRequest
  /** Shared flag: non-zero asks the search to end. */
  readonly stop: Int32Array
}

/** What a search thread says; the last message is an outcome or an error. */
export type ThreadReport =
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'outcome'; readonly outcome: CheckOutcome }
  | { readonly kind: 'model-error' | 'failure'; readonly message: string }

const PROGRESS_EVERY_MS = 200

const { catalogue, request, stop } = workerData as ThreadInput
const tell = (report: ThreadReport): void => parentPort?.postMessage(report)

try {
  let told = performance.now()
  const outcome = runCheck(await loadCatalogue(new URL(catalogue)), request, {
    stop: () => Atomics.load(stop, 0) !== 0,
    onProgress: (progress) => {
      if (performance.now() - told < PROGRESS_EVERY_MS) return
      told = performance.now()
      tell({ kind: 'progress', progress })
    },
  })
  tell({ kind: 'outcome', outcome })
} catch (error) {
  const kind = error instanceof ModelError ? 'model-error' : 'failure'
  const message =
    error instanceof Error
      ? kind === 'failure'
        ? (error.stack ?? error.message)
        : error.message
      : String(error)
  tell({ kind, message })
}
