import { createHash } from 'node:crypto'
import { z } from 'zod'
import { VERDICTS } from '../../search/index.ts'

/** The random searches of a swarm on a queue. As for cells, jobs and results are data from outside. */

const name = z.string().min(1).max(200)
const text = z.string().max(100_000)
const natural = z.int().min(0)

const settingsShape = z.strictObject({
  search: z.enum(['random', 'priorities', 'preemptions']),
  /** Of the random choices and of the hash functions. */
  seed: natural.max(0xffffffff),
  bugDepth: z.int().min(1).max(100).optional(),
  maxPreemptions: natural.max(1000).optional(),
  maxDepth: z.int().min(1).optional(),
  maxStates: z.int().min(1).optional(),
  timeLimit: z.number().positive(),
})

/** How one search of a swarm differs from the others. */
export type WalkSettings = Readonly<z.infer<typeof settingsShape>>

export const walkJobShape = z.strictObject({
  build: name,
  scenario: name,
  design: name,
  kernel: name.nullable(),
  properties: z.array(name).max(1000),
  unasked: z.array(name).max(1000),
  settings: settingsShape,
})

/** One random search. */
export type WalkJob = Readonly<z.infer<typeof walkJobShape>>

/** The id of a job: everything that decides what it finds. */
export const walkId = (job: WalkJob): string => createHash('sha256').update(JSON.stringify(job)).digest('hex')

const traceShape = z.strictObject({
  initial: natural,
  steps: z.array(z.strictObject({ thread: text, step: text })).max(1_000_000),
})

export const walkResultShape = z.strictObject({
  states: natural,
  transitions: natural,
  depth: natural,
  deadlocks: natural,
  steps: z.array(z.tuple([text, z.number().min(0)])),
  properties: z.array(
    z.strictObject({
      id: text,
      verdict: z.enum(VERDICTS),
      antecedent: natural,
      trace: traceShape.nullable(),
      subject: text.nullable(),
    }),
  ),
  /** The least hashes of the states that it saw; null if it made no walks. */
  sketch: z.array(z.number().min(0)).max(10_000).nullable(),
  walks: natural,
  /** The failure of model code; null without one. */
  modelError: text.nullable(),
})

/** What one search of a swarm found. */
export type WalkResult = Readonly<z.infer<typeof walkResultShape>>
