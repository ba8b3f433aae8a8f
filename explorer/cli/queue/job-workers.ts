import { quoted } from '../../../model/language/quoted.ts'
import { programFile } from '../../program-file.ts'
import { wordsOf } from '../../queue/connection.ts'
import { type JobWorker, loadBullmq, type QueuedJob } from '../../queue/packages.ts'
import { REDIS, type Session } from './session.ts'

/** Milliseconds for which the lock of a job lasts, unless it is renewed: a killed worker's jobs wait as long. */
const LOCK_MS = 15_000

/** How often a job may lose its worker before it fails. */
const MOST_STALLED = 5

/** What happened to a job, for the user. */
export interface JobEvents {
  began(name: string): void
  ended(name: string, how: string): void
}

/** The workers of this process for the jobs on the queues, each of which runs in a separate process. */
export class JobWorkers {
  readonly #session: Session
  readonly #workers: readonly JobWorker[]
  readonly #active: Map<string, JobWorker>

  private constructor(session: Session, workers: readonly JobWorker[], active: Map<string, JobWorker>) {
    this.#session = session
    this.#workers = workers
    this.#active = active
  }

  /**
   * Begins to take jobs.
   * @param concurrency most jobs of each queue at a time.
   */
  static async start(
    session: Session,
    concurrency: number,
    events: JobEvents,
    env: Readonly<Record<string, string | undefined>>,
  ): Promise<JobWorkers> {
    const { Worker } = await loadBullmq()
    const { keys, address } = session
    // The process of a job needs no Redis, so it does not get the password.
    const { [REDIS]: _, ...others } = env
    const active = new Map<string, JobWorker>()
    const workers: JobWorker[] = []
    for (const [queue, processor] of [
      [keys.cells, 'cell-processor'],
      [keys.walks, 'walk-processor'],
    ] as const) {
      const worker = new Worker(queue, programFile(processor), {
        connection: await session.connect(),
        prefix: keys.queues,
        concurrency,
        lockDuration: LOCK_MS,
        stalledInterval: LOCK_MS,
        maxStalledCount: MOST_STALLED,
        workerForkOptions: { env: others },
      })
      const ended = (job: QueuedJob | undefined, how: string): void => {
        if (job === undefined) return
        active.delete(job.id ?? '')
        events.ended(quoted(job.name), how)
      }
      worker.on('active', (job) => {
        active.set(job.id ?? '', worker)
        events.began(quoted(job.name))
      })
      worker.on('completed', (job) => ended(job, 'done'))
      worker.on('failed', (job, error) => ended(job, quoted(wordsOf(address, error))))
      // The connection says itself when it is lost.
      worker.on('error', () => {})
      workers.push(worker)
    }
    return new JobWorkers(session, workers, active)
  }

  /** Jobs that run now. */
  get active(): number {
    return this.#active.size
  }

  /** Cancels the jobs that a submitter does not want any more. */
  async cancelUnwanted(): Promise<void> {
    const ids = [...this.#active.keys()]
    if (ids.length === 0) return
    const { client, keys } = this.#session
    const wanted = (await client.call('SMISMEMBER', [keys.stop, ...ids])) as number[]
    const unwanted = ids.filter((_, n) => wanted[n] === 1)
    for (const id of unwanted) this.#active.get(id)?.cancelJob(id, 'cancelled')
    if (unwanted.length > 0) await client.call('SREM', [keys.stop, ...unwanted])
  }

  /** Takes no more jobs; those that run are given to other workers. */
  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.close(true)))
  }
}
