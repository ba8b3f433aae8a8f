import { z } from 'zod'
import { EXIT } from '../exit-status.ts'
import { type LogResult, statusOf } from './run-log.ts'

const VERDICTS = ['followed', 'rejected', 'refused', 'inconclusive'] as const

/** What `mmucheck trace --json` prints: `mmucheck-trace/1`. */
export const traceSchema = z.object({
  schema: z.literal('mmucheck-trace/1'),
  version: z.string(),
  modelHash: z.string(),
  design: z.string(),
  logs: z.array(
    z.object({
      log: z.string(),
      verdict: z.enum(VERDICTS),
      /** Why the log cannot be read or used. */
      refused: z.string().nullable(),
      kernel: z.string().nullable(),
      /** The kernel and its MMU: `6.12, npt=0`. */
      about: z.string().nullable(),
      events: z.int(),
      /** Of one pass over the log, the longest part of which is parsing. */
      readingSeconds: z.number(),
      states: z
        .object({
          states: z.int(),
          seconds: z.number(),
          inconclusive: z.string().nullable(),
          disagreement: z.object({ line: z.int(), text: z.string(), what: z.string() }).nullable(),
          properties: z.array(z.object({ id: z.string(), judged: z.int(), violatedAt: z.int().nullable() })),
          notObserved: z.array(z.object({ id: z.string(), missing: z.string() })),
        })
        .nullable(),
      slices: z.array(
        z.object({
          id: z.string(),
          verdict: z.enum(['followed', 'rejected', 'inconclusive', 'not-followed']),
          reason: z.string().nullable(),
          /** The design changes only what the slice leaves out. */
          isUnfit: z.boolean(),
          line: z.int().nullable(),
          observations: z.int(),
          candidates: z.int(),
          seconds: z.number(),
          steps: z.record(z.string(), z.int()),
          harness: z.record(z.string(), z.int()),
        }),
      ),
    }),
  ),
})

export type TraceJson = z.infer<typeof traceSchema>

/** The statuses of the verdicts. */
export const STATUSES = {
  followed: EXIT.holds,
  rejected: EXIT.violated,
  refused: EXIT.usage,
  inconclusive: EXIT.inconclusive,
} as const satisfies Readonly<Record<TraceJson['logs'][number]['verdict'], number>>

const verdictOf = (status: number): TraceJson['logs'][number]['verdict'] =>
  VERDICTS.find((verdict) => STATUSES[verdict] === status) ?? 'inconclusive'

/** The result of a log as data. */
export function logJson<W>(result: LogResult<W>): TraceJson['logs'][number] {
  return {
    log: result.name,
    verdict: verdictOf(statusOf(result)),
    refused: result.refused,
    kernel: result.counted?.version ?? null,
    about: result.counted?.about ?? null,
    events: result.counted?.events ?? 0,
    readingSeconds: result.seconds.reading,
    states: statesJson(result),
    slices: result.slices.map(({ id, reason, isUnfit, result: followed, seconds }) => ({
      id,
      verdict: followed === null ? 'not-followed' : followed.verdict.kind,
      reason,
      isUnfit,
      line: followed?.verdict.kind === 'rejected' ? followed.verdict.rejection.observation.line : null,
      observations: followed?.observations ?? 0,
      candidates: followed?.candidates.largest ?? 0,
      seconds,
      steps: Object.fromEntries(
        (followed?.steps ?? []).map((s) => [`${s.kind} ${s.step} #${s.case}`, s.taken]),
      ),
      harness: Object.fromEntries((followed?.harness ?? []).map((h) => [h.harness.standsFor, h.taken])),
    })),
  }
}

function statesJson<W>({ states, seconds }: LogResult<W>): TraceJson['logs'][number]['states'] {
  if (states === null) return null
  if (typeof states === 'string')
    return {
      states: 0,
      seconds: seconds.states,
      inconclusive: states,
      disagreement: null,
      properties: [],
      notObserved: [],
    }
  return {
    states: states.states,
    seconds: seconds.states,
    inconclusive: null,
    disagreement: states.disagreement,
    properties: states.verdicts.map(({ property, judged, violatedAt }) => ({
      id: property.id,
      judged,
      violatedAt,
    })),
    notObserved: [...states.unobserved],
  }
}
