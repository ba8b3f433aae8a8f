import { z } from 'zod'

/** What a run searches, as data in Redis. Validated where it is read: it comes from outside. */

const id = z.string().min(1).max(200)

export const runSpecShape = z.strictObject({
  build: id,
  /** What is searched, in words of the program that builds the model from it; no code. */
  subject: z.strictObject({
    scenario: id,
    design: id,
    kernel: id.nullable(),
    properties: z.array(id).max(1000),
    unasked: z.array(id).max(1000),
  }),
  shards: z.int().min(1).max(256),
  bits: z.literal(96).or(z.literal(128)),
  seed: z.int().min(0).max(0xffffffff),
  memoryLimit: z.int().min(1).nullable(),
})

/** What a run searches, and how it is divided. */
export type RunSpec = Readonly<z.infer<typeof runSpecShape>>

/** Reads what a run searches; null for anything else. */
export function specIn(text: string | null): RunSpec | null {
  try {
    return runSpecShape.parse(JSON.parse(text ?? ''))
  } catch {
    return null
  }
}

/** What a shard says when the search has ended. */
export const shardReportShape = z.strictObject({
  states: z.int().min(0),
  /** The level that it expanded last. */
  depth: z.int().min(0),
  transitions: z.number().min(0),
  deadlocks: z.number().min(0),
  fired: z.array(z.number().min(0)),
  antecedents: z.array(z.number().min(0)),
  /** What was decided: id of the property or oops, state, step or null, and distance from an initial state. */
  findings: z.array(z.tuple([z.string(), z.int().min(0), z.int().min(0).nullable(), z.int().min(0)])),
  bytes: z.number().min(0),
  /** States that were sent, and bytes of them; states that arrived, and how many of these were new. */
  sent: z.number().min(0),
  sentBytes: z.number().min(0),
  received: z.number().min(0),
  receivedNew: z.number().min(0),
  /** Seconds of processor time of its process, and those of them for messages. */
  cpu: z.number().min(0),
  messaging: z.number().min(0),
})
export type ShardReport = Readonly<z.infer<typeof shardReportShape>>

/** Where a state was reached from, as looked up; `shard` is null for an initial state. */
export const originShape = z.strictObject({
  shard: z.int().min(0).nullable(),
  parent: z.int().min(0),
  step: z.int().min(0),
})
