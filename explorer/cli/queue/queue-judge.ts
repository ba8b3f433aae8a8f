import { quoted } from '../../../model/language/quoted.ts'
import { JobResults } from '../../queue/job-results.ts'
import type { JobQueue } from '../../queue/packages.ts'
import { type Catalogue, findDesign, findScenario } from '../catalogue.ts'
import { catalogueOfKernel } from '../catalogue-of-kernel.ts'
import { InternalError, UsageError } from '../errors.ts'
import type { JudgeRequest } from '../gate/judge-cell.ts'
import { type JudgedCell, judgedCellShape, unjudgedCell } from '../gate/judged-cell.ts'
import type { ModuleGraph } from '../gate/module-graph.ts'
import { keyOf } from '../gate/verdict-cache.ts'
import { firstIssue } from '../options.ts'
import type { CellJudge, SearchListener } from '../search-runner.ts'
import { type CellJob, jobId, optionsOf, progressShape } from './cell-job.ts'
import type { Session } from './session.ts'

/** What a judge of cells on a queue needs. */
export interface QueueJudgeOptions {
  readonly session: Session
  readonly queue: JobQueue
  readonly catalogue: Catalogue
  readonly modules: ModuleGraph
}

/** A judge that lets workers search. The first cell that it is asked for has the highest priority. */
export class QueueJudge implements CellJudge {
  /** All cells are put on the queue at once. */
  readonly atOnce = Number.POSITIVE_INFINITY
  readonly #options: QueueJudgeOptions
  readonly #results: JobResults
  #asked = 0

  constructor(options: QueueJudgeOptions) {
    this.#options = options
    this.#results = new JobResults(options.queue)
  }

  async judge(request: JudgeRequest, signal: AbortSignal, listener: SearchListener): Promise<JudgedCell> {
    const { design, scenario, kernel = null, limits } = request
    if (typeof design !== 'string') throw new UsageError(NO_FILES)
    const { session, catalogue, modules } = this.#options
    const ofKernel = catalogueOfKernel(catalogue, kernel ?? undefined)
    const cell = { design: findDesign(ofKernel, design), scenario: findScenario(ofKernel, scenario) }
    const key = keyOf(modules, cell, kernel, ofKernel.properties)
    const id = jobId(key, limits)
    const data: CellJob = { build: session.keys.build, key, design, scenario, kernel, limits }
    const job = { name: `${design} in ${scenario}`, data, opts: optionsOf(id, this.#asked++) }
    const isWhole = (result: unknown): boolean => {
      const found = judgedCellShape.safeParse(result)
      return found.success && found.data.complete && isOf(found.data, data)
    }
    const onProgress = (progress: unknown): void => {
      const seen = progressShape.safeParse(progress)
      if (seen.success) listener.onProgress(seen.data)
    }
    const stopped = unjudgedCell({ design, scenario }, { stopped: 'interrupted', modelError: null })
    if (signal.aborted) return stopped
    let onAbort = (): void => {}
    const isAborted = new Promise<null>((resolve) => {
      onAbort = (): void => resolve(null)
      signal.addEventListener('abort', onAbort)
    })
    try {
      const end = await Promise.race([this.#results.endOf(job, isWhole, onProgress), isAborted])
      if (end === null) {
        if (await this.#results.giveUp(id)) await session.client.call('SADD', [session.keys.stop, id])
        return stopped
      }
      if (end.kind === 'failed') throw new InternalError(`${job.name} failed: ${quoted(end.why)}`)
      return cellIn(end.result, data)
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  close(): void {
    this.#results.close()
  }
}

/** Why a design or scenario of the user's is refused. */
export const NO_FILES =
  'designs and scenarios from files are not sent to other machines, which would have to run them; put them into the model that every machine has, and name them'

const isOf = (found: JudgedCell, { design, scenario }: CellJob): boolean =>
  found.design === design && found.scenario === scenario

/** @throws InternalError for anything but the result of the cell: no verdict may come from it. */
function cellIn(result: unknown, asked: CellJob): JudgedCell {
  const name = `${asked.design} in ${asked.scenario}`
  const found = judgedCellShape.safeParse(result)
  if (!found.success)
    throw new InternalError(`what the queue has for ${name} is no result: ${firstIssue(found.error)}`)
  if (!isOf(found.data, asked))
    throw new InternalError(`what the queue has for ${name} is the result of another cell`)
  return found.data
}
