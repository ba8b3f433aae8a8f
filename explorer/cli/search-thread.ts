import { parentPort, workerData } from 'node:worker_threads'
import { ModelError } from '../../model/language/errors.ts'
import { CheckpointError } from '../checkpoint/errors.ts'
import type { Progress } from '../search/breadth-first.ts'
import { LostWorker } from '../search/parallel/search.ts'
import { loadCatalogue } from './load-catalogue.ts'
import { type CheckOutcome, type CheckRequest, type Hooks, runCheck } from './run-check.ts'
import { subjectSource } from './search-subject.ts'

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
  | { readonly kind: Failure; readonly message: string }

/** What a search can end with besides an outcome. A lost worker and anything unforeseen are failures. */
type Failure = 'model-error' | 'checkpoint-error' | 'failure'

const PROGRESS_EVERY_MS = 200

const { catalogue, request, stop } = workerData as ThreadInput
const tell = (report: ThreadReport): void => parentPort?.postMessage(report)

let told = performance.now()
const hooks: Hooks = {
  stop: () => Atomics.load(stop, 0) !== 0,
  onProgress: (progress) => {
    if (performance.now() - told < PROGRESS_EVERY_MS) return
    told = performance.now()
    tell({ kind: 'progress', progress })
  },
}
try {
  const loaded = await loadCatalogue(new URL(catalogue))
  tell({
    kind: 'outcome',
    outcome: await runCheck(loaded, request, hooks, subjectSource(catalogue, request)),
  })
} catch (error) {
  tell(failureOf(error))
}

function failureOf(error: unknown): ThreadReport {
  if (!(error instanceof Error)) return { kind: 'failure', message: String(error) }
  const { message, stack } = error
  if (error instanceof ModelError) return { kind: 'model-error', message }
  if (error instanceof CheckpointError) return { kind: 'checkpoint-error', message }
  // A lost worker says what there is to say; anything else is a bug, whose place matters.
  return { kind: 'failure', message: error instanceof LostWorker ? message : (stack ?? message) }
}
