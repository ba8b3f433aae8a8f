import { RedisError } from './connection.ts'
import type { JobOptions, JobQueue, QueuedJob } from './packages.ts'

/** A job to add. */
export interface NewJob {
  readonly name: string
  readonly data: unknown
  readonly opts: JobOptions
}

/** How a job ended: with a result of whatever shape, or because no attempt succeeded. */
export type JobEnd =
  | { readonly kind: 'completed'; readonly result: unknown }
  | { readonly kind: 'failed'; readonly why: string }

/** Milliseconds between two looks at a job. */
const LOOK_EVERY_MS = 250

/** Jobs that are looked at in one turn, at most. */
const MOST_AT_ONCE = 64

interface Waiting {
  readonly job: NewJob
  readonly resolve: (end: JobEnd) => void
  readonly reject: (error: Error) => void
  readonly onProgress: (progress: unknown) => void
}

/**
 * Adds jobs to a queue and waits for their results, by looking at them: what is in Redis decides, and no message can be
 * missed. A job that is gone, because Redis lost it or another submitter has removed it, is added again.
 */
export class JobResults {
  readonly #queue: JobQueue
  readonly #waiting = new Map<string, Waiting>()
  readonly #fresh: NewJob[] = []
  #timer: NodeJS.Timeout | null = null
  #isClosed = false

  constructor(queue: JobQueue) {
    this.#queue = queue
  }

  /**
   * Waits for the end of a job, which is added unless it is there.
   * @param mayKeep whether the result of a job that has completed before may be used.
   */
  async endOf(
    job: NewJob,
    mayKeep: (result: unknown) => boolean,
    onProgress: (progress: unknown) => void = () => {},
  ): Promise<JobEnd> {
    const { jobId } = job.opts
    const known = await this.#queue.getJob(jobId)
    if (known?.finishedOn !== undefined) {
      const end = endOf(known)
      if (end.kind === 'completed' && mayKeep(end.result)) return end
      await known.remove()
    }
    if (known === undefined || known.finishedOn !== undefined) this.#fresh.push(job)
    return new Promise((resolve, reject) => {
      this.#waiting.set(jobId, { job, resolve, reject, onProgress })
      this.#schedule()
    })
  }

  /** Ends the wait for a job, and removes it unless a worker has it. @returns whether a worker may have it. */
  async giveUp(jobId: string): Promise<boolean> {
    this.#waiting.delete(jobId)
    const job = await this.#queue.getJob(jobId)
    if (job === undefined) return false
    try {
      await job.remove()
      return false
    } catch {
      // A worker has locked it.
      return true
    }
  }

  close(): void {
    this.#isClosed = true
    if (this.#timer !== null) clearTimeout(this.#timer)
  }

  #schedule(): void {
    if (this.#timer !== null || this.#isClosed) return
    this.#timer = setTimeout(() => {
      this.#look().then(
        () => {
          this.#timer = null
          if (this.#waiting.size > 0) this.#schedule()
        },
        (error: unknown) => {
          for (const { reject } of this.#waiting.values()) reject(error as Error)
        },
      )
    }, LOOK_EVERY_MS)
  }

  async #look(): Promise<void> {
    const added = this.#fresh.splice(0)
    if (added.length > 0) await this.#queue.addBulk(added)
    const ids = [...this.#waiting.keys()]
    for (let at = 0; at < ids.length; at += MOST_AT_ONCE) {
      const some = ids.slice(at, at + MOST_AT_ONCE)
      const jobs = await Promise.all(some.map((id) => this.#queue.getJob(id)))
      for (const [n, job] of jobs.entries()) this.#see(some[n], job)
    }
  }

  #see(id: string, job: QueuedJob | undefined): void {
    const waiting = this.#waiting.get(id)
    if (waiting === undefined) return
    if (job === undefined) this.#fresh.push(waiting.job)
    else if (job.finishedOn === undefined) waiting.onProgress(job.progress)
    else {
      this.#waiting.delete(id)
      waiting.resolve(endOf(job))
    }
  }
}

function endOf({ id, finishedOn, failedReason, returnvalue }: QueuedJob): JobEnd {
  if (finishedOn === undefined) throw new RedisError(`the job ${id} has not ended`)
  return failedReason === undefined || failedReason === ''
    ? { kind: 'completed', result: returnvalue }
    : { kind: 'failed', why: failedReason }
}
