import { parentPort, workerData } from 'node:worker_threads'
import { ModelError } from '../../model/language/errors.ts'
import { CheckpointError } from '../checkpoint/index.ts'
import { collectGarbage, LostWorker, type Progress, type SearchHooks } from '../search/index.ts'
import type { VetRequest } from './design-code/vet.ts'
import type { ComparedCells, CompareRequest } from './diff/compare-cells.ts'
import { InternalError, UsageError } from './errors.ts'
import { type JudgeRequest, judgeCell } from './gate/judge-cell.ts'
import type { JudgedCell } from './gate/judged-cell.ts'
import { loadCatalogue } from './load-catalogue.ts'
import { errorInWords } from './reason-words.ts'
import { type Checked, type CheckRequest, runCheck } from './run-check.ts'
import { subjectSource } from './search-subject.ts'
import { STOP } from './stop-words.ts'
import type { LogReport, LogRequest } from './trace/log-report.ts'

/** `workerData` of a search thread: the URL of the module with the catalogue. */
export type ThreadInput = string

/** What a search thread is asked. */
export type Asked =
  | { readonly kind: 'check'; readonly request: CheckRequest }
  | { readonly kind: 'judge'; readonly request: JudgeRequest }
  | { readonly kind: 'compare'; readonly request: CompareRequest }
  | { readonly kind: 'trace'; readonly request: LogRequest }
  | { readonly kind: 'vet'; readonly request: VetRequest }

/** A request to a search thread; it takes one at a time. */
export type ThreadRequest = Asked & {
  /** Shared: a flag that is not zero when the search is to end, and how often the search has looked at it. */
  readonly stop: Int32Array
}

/** A message from a search thread; the last one for a request is an outcome or a failure. */
export type ThreadReport =
  | { readonly kind: 'progress'; readonly progress: Progress }
  | { readonly kind: 'unwritten'; readonly why: string }
  | { readonly kind: 'outcome'; readonly outcome: Outcome }
  | { readonly kind: Failure; readonly message: string }

type Outcome = Checked | JudgedCell | ComparedCells | LogReport | null

/** How a search fails. `failure` is a lost worker or anything unexpected. */
type Failure = 'model-error' | 'usage-error' | 'checkpoint-error' | 'contradiction' | 'failure'

const PROGRESS_EVERY_MS = 200

/** Size of a search, in states, whose memory is freed at once: that of the process counts for the limit of the next. */
const LARGE = 200_000

const module = workerData as ThreadInput
const catalogue = loadCatalogue(new URL(module))
const post = (report: ThreadReport): void => parentPort?.postMessage(report)

parentPort?.on('message', async ({ stop, ...asked }: ThreadRequest) => {
  let lastPosted = performance.now()
  const hooks: SearchHooks = {
    stop: () => {
      Atomics.add(stop, STOP.polls, 1)
      return Atomics.load(stop, STOP.asked) !== 0
    },
    onProgress: (progress) => {
      if (performance.now() - lastPosted < PROGRESS_EVERY_MS) return
      lastPosted = performance.now()
      post({ kind: 'progress', progress })
    },
    onUnwritten: (why) => post({ kind: 'unwritten', why }),
  }
  try {
    const outcome = await outcomeOf(asked, hooks)
    if (outcome !== null && 'states' in outcome && outcome.states >= LARGE) collectGarbage()
    post({ kind: 'outcome', outcome })
  } catch (error) {
    post(failureOf(error))
  }
})

async function outcomeOf(asked: Asked, hooks: SearchHooks): Promise<Outcome> {
  if (asked.kind === 'trace') {
    // Searches need no logs.
    const { reportOn } = await import('./trace/log-report.ts')
    return reportOn(await catalogue, asked.request, hooks.stop ?? (() => false))
  }
  if (asked.kind === 'vet') {
    // Only designs that are code need it.
    const { vetDesign } = await import('./design-code/vet.ts')
    await vetDesign(await catalogue, asked.request)
    return null
  }
  if (asked.kind === 'compare') {
    // Only diff needs it.
    const { compareCells } = await import('./diff/compare-cells.ts')
    return compareCells(await catalogue, asked.request, hooks)
  }
  if (asked.kind === 'judge') return judgeCell(await catalogue, asked.request, hooks)
  return runCheck(await catalogue, asked.request, hooks, subjectSource(module, asked.request))
}

function failureOf(error: unknown): ThreadReport {
  if (!(error instanceof Error)) return { kind: 'failure', message: String(error) }
  const message = errorInWords(error)
  if (error instanceof ModelError) return { kind: 'model-error', message }
  if (error instanceof UsageError) return { kind: 'usage-error', message }
  if (error instanceof CheckpointError) return { kind: 'checkpoint-error', message }
  if (error instanceof InternalError) return { kind: 'contradiction', message }
  // A lost worker is no bug here; anything else is, so keep its stack.
  return { kind: 'failure', message: error instanceof LostWorker ? message : (error.stack ?? message) }
}
