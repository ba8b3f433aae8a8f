import { ModelError } from '../../../model/language/errors.ts'
import { programFile } from '../../program-file.ts'
import { buildId } from '../../queue/keys.ts'
import type { Progress } from '../../search/index.ts'
import type { Catalogue } from '../catalogue.ts'
import { InternalError, UsageError } from '../errors.ts'
import { builtModules } from '../gate/module-graph.ts'
import { loadCatalogue } from '../load-catalogue.ts'
import { builtModelHash, packageInfo } from '../package-info.ts'
import { type CellJudge, type SearchListener, type SearchRunner, threadRunner } from '../search-runner.ts'
import { buildOf } from './session.ts'

/**
 * What the processors of jobs share. A processor runs in a process for each job at a time, so that the worker can renew
 * the locks of its jobs meanwhile, and the search in a thread of it, so that the process hears that the job is cancelled.
 */

/** What is used of a job in its process. */
export interface SandboxedJob {
  readonly id?: string
  readonly data: unknown
  updateProgress(progress: object): Promise<void>
}

const CATALOGUE = programFile('kvm-catalogue')

const PROGRESS_EVERY_MS = 1000

let runner: (SearchRunner & CellJudge) | null = null
let own: Promise<{ readonly build: string; readonly catalogue: Catalogue }> | null = null

/** Runs the searches of this process. */
export function searches(): SearchRunner & CellJudge {
  runner ??= threadRunner(CATALOGUE)
  return runner
}

/** What this process is. */
export function ownProgram(): Promise<{ readonly build: string; readonly catalogue: Catalogue }> {
  own ??= loadOwn()
  return own
}

async function loadOwn(): Promise<{ readonly build: string; readonly catalogue: Catalogue }> {
  const { version } = packageInfo()
  const build = await buildOf({ version, modelHash: builtModelHash, modules: builtModules })
  return { build: buildId(build), catalogue: await loadCatalogue(CATALOGUE) }
}

/** @throws Refused unless the job is for this build. */
export async function refuseOther(build: string): Promise<void> {
  const { build: mine } = await ownProgram()
  if (build !== mine) throw new Refused(`the job is for the build ${build}, and this worker is ${mine}`)
}

/** A job that no attempt can do. The queue knows it by the name. */
export class Refused extends Error {
  override readonly name = 'UnrecoverableError'
}

/** Reports how far a search has come, once per second. */
export function reporting(job: SandboxedJob): SearchListener {
  let last = performance.now()
  return {
    onProgress: (progress: Progress) => {
      if (performance.now() - last < PROGRESS_EVERY_MS) return
      last = performance.now()
      job.updateProgress(progress).catch(() => {})
    },
    onUnwritten: () => {},
  }
}

/** What the queue is to do about an error: what is wrong with the model or the checker is wrong in each attempt. */
export function refusalOf(error: unknown): unknown {
  const isFinal =
    error instanceof ModelError ||
    error instanceof UsageError ||
    (error instanceof InternalError && !error.message.includes(' was lost: '))
  return isFinal ? new Refused(error.message) : error
}

/** A worker that is gone leaves no process behind. */
export function endWithWorker(): void {
  process.once('disconnect', () => process.exit(70))
}
