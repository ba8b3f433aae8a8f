import { parentPort, workerData } from 'node:worker_threads'
import { ModelError } from '../../model/language/errors.ts'
import { CheckpointError } from '../checkpoint/index.ts'
import { LostWorker, type Progress, type SearchHooks } from '../search/index.ts'
import { InternalError } from './errors.ts'
import { loadCatalogue } from './load-catalogue.ts'
import { errorInWords } from './reason-words.ts'
import { type Checked, type CheckRequest, runCheck } from './run-check.ts'
import { subjectSource } from './search-subject.ts'

/** What a search thread is started with: the address of the module that holds the catalogue. */
export type ThreadInput = string

/** What a search thread is asked, one at a time. */
export interface ThreadRequest {
  readonly request: CheckRequest
  /** Shared flag: non-zero asks the search to end. */
  readonly stop: Int32Array
}

/** What a search thread says; the last message on a request is an outcome or an error. */
export type ThreadReport =
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'unwritten'; readonly why: string }
  | { readonly kind: 'outcome'; readonly outcome: Checked }
  | { readonly kind: Failure; readonly message: string }

/** What a search can end with besides an outcome. A lost worker and anything unforeseen are failures. */
type Failure = 'model-error' | 'checkpoint-error' | 'contradiction' | 'failure'

const PROGRESS_EVERY_MS = 200

const module = workerData as ThreadInput
const catalogue = loadCatalogue(new URL(module))
const tell = (report: ThreadReport): void => parentPort?.postMessage(report)

parentPort?.on('message', async ({ request, stop }: ThreadRequest) => {
  let told = performance.now()
  const hooks: SearchHooks = {
    stop: () => Atomics.load(stop, 0) !== 0,
    onProgress: (progress) => {
      if (performance.now() - told < PROGRESS_EVERY_MS) return
      told = performance.now()
      tell({ kind: 'progress', progress })
    },
    onUnwritten: (why) => tell({ kind: 'unwritten', why }),
  }
  try {
    const outcome = await runCheck(await catalogue, request, hooks, subjectSource(module, request))
    tell({ kind: 'outcome', outcome })
  } catch (error) {
    tell(failureOf(error))
  }
})

function failureOf(error: unknown): ThreadReport {
  if (!(error instanceof Error)) return { kind: 'failure', message: String(error) }
  const message = errorInWords(error)
  if (error instanceof ModelError) return { kind: 'model-error', message }
  if (error instanceof CheckpointError) return { kind: 'checkpoint-error', message }
  if (error instanceof InternalError) return { kind: 'contradiction', message }
  // A lost worker says what there is to say; anything else is a bug, whose place matters.
  return { kind: 'failure', message: error instanceof LostWorker ? message : (error.stack ?? message) }
}
