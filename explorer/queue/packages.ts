/**
 * The packages that only work over several machines needs. They are optional: nothing but the commands `submit`, `worker`
 * and `status` loads them, and only when they run. What is used of them is declared here, so that neither building nor
 * type checking needs them.
 */

/** What is used of a client of ioredis. */
export interface RedisClient {
  readonly status: string
  on(event: string, listener: (error: Error) => void): unknown
  off(event: string, listener: (error: Error) => void): unknown
  call(command: string, args: readonly (string | number | Uint8Array)[]): Promise<unknown>
  callBuffer(command: string, args: readonly (string | number | Uint8Array)[]): Promise<unknown>
  /** Ends the connection at once; commands that wait are rejected. */
  disconnect(): void
}

/** What is used of ioredis. */
export interface Ioredis {
  readonly Redis: new (url: string, options: Readonly<Record<string, unknown>>) => RedisClient
}

/** What is used of a job of BullMQ. */
export interface QueuedJob {
  readonly id?: string
  readonly name: string
  readonly data: unknown
  readonly progress: unknown
  readonly returnvalue: unknown
  readonly failedReason?: string
  readonly finishedOn?: number
  readonly processedOn?: number
  remove(): Promise<void>
}

/** How a job is added. */
export interface JobOptions {
  readonly jobId: string
  /** The least is the first. */
  readonly priority: number
  readonly attempts: number
  readonly backoff: { readonly type: 'exponential'; readonly delay: number }
  readonly removeOnComplete: { readonly age: number }
  readonly removeOnFail: { readonly age: number }
}

/** What is used of a queue of BullMQ. */
export interface JobQueue {
  on(event: 'error', listener: (error: Error) => void): unknown
  addBulk(
    jobs: readonly { readonly name: string; readonly data: unknown; readonly opts: JobOptions }[],
  ): Promise<unknown>
  getJob(id: string): Promise<QueuedJob | undefined>
  getJobCounts(...states: readonly string[]): Promise<Readonly<Record<string, number>>>
  close(): Promise<void>
}

/** What is used of a worker of BullMQ. */
export interface JobWorker {
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'active' | 'completed', listener: (job: QueuedJob) => void): unknown
  on(event: 'failed', listener: (job: QueuedJob | undefined, error: Error) => void): unknown
  on(event: 'stalled', listener: (id: string) => void): unknown
  cancelJob(id: string, reason?: string): boolean
  close(force?: boolean): Promise<void>
}

/** What is used of BullMQ. */
export interface Bullmq {
  readonly Queue: new (name: string, options: Readonly<Record<string, unknown>>) => JobQueue
  readonly Worker: new (name: string, processor: URL, options: Readonly<Record<string, unknown>>) => JobWorker
}

/** A package that the command needs is not installed. */
export class MissingPackages extends Error {
  override readonly name = 'MissingPackages'
}

/** What to type to get the packages. */
export const INSTALL = 'npm install --no-save bullmq@6 ioredis@6'

/** @throws MissingPackages */
export async function loadIoredis(): Promise<Ioredis> {
  return (await load('ioredis')) as Ioredis
}

/** @throws MissingPackages */
export async function loadBullmq(): Promise<Bullmq> {
  return (await load('bullmq')) as Bullmq
}

/** The name is a variable, so that neither the compiler nor the bundler looks for the package. */
async function load(name: string): Promise<unknown> {
  try {
    return await import(name)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') throw error
    throw new MissingPackages(
      `the package ${name} is not installed; work over several machines needs two packages: ${INSTALL}`,
    )
  }
}
