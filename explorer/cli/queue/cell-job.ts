import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { JobOptions } from '../../queue/packages.ts'
import type { JudgeLimits } from '../gate/judge-cell.ts'

/**
 * The jobs of a gate on a queue: one cell each, by name. Everything here arrives from outside and is validated. A job
 * names what to search; no code and no design is in it.
 */

const name = z.string().min(1).max(200)

export const cellJobShape = z.strictObject({
  /** The build that is to search, by id. */
  build: name,
  /** The key of the cell in the verdict cache: a hash of the code that decides what is found. */
  key: z.string().regex(/^[0-9a-f]{64}$/),
  design: name,
  scenario: name,
  /** The kernel, by id; null for the newest. */
  kernel: name.nullable(),
  limits: z.strictObject({
    maxStates: z.int().min(1).optional(),
    timeLimit: z.number().positive().optional(),
    memoryLimit: z.int().min(1).optional(),
  }),
})

/** One cell to search. */
export type CellJob = Readonly<z.infer<typeof cellJobShape>>

/** The limits of a job, without members that are undefined. */
export const limitsOf = ({ limits }: CellJob): JudgeLimits =>
  Object.fromEntries(Object.entries(limits).filter(([, value]) => value !== undefined))

/** The id of a job: the key of its cell, and what else decides what is found. */
export function jobId(key: string, limits: JudgeLimits): string {
  const given = Object.entries(limits).sort(([a], [b]) => (a < b ? -1 : 1))
  if (given.length === 0) return key
  return `${key}-${createHash('sha256').update(JSON.stringify(given)).digest('hex').slice(0, 12)}`
}

/** Attempts at a job: its worker may be killed, or run out of memory. */
const ATTEMPTS = 3

/** Seconds for which results stay in Redis. */
const KEPT = 7 * 24 * 3600

/** @param rank from 0, which is the first to be searched. */
export const optionsOf = (id: string, rank: number): JobOptions => ({
  jobId: id,
  priority: Math.min(rank + 1, 2 ** 21),
  attempts: ATTEMPTS,
  backoff: { type: 'exponential', delay: 500 },
  removeOnComplete: { age: KEPT },
  removeOnFail: { age: KEPT },
})

/** How far the search of a job has come. */
export const progressShape = z.strictObject({
  states: z.number().min(0),
  transitions: z.number().min(0),
  frontier: z.number(),
  depth: z.number().min(0),
  seconds: z.number().min(0),
  bytes: z.number().min(0),
})
