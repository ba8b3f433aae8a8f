import { z } from 'zod'
import { type LogResult, statusOf } from './run-log.ts'

const VERDICTS: Readonly<Record<number, 'followed' | 'rejected' | 'refused' | 'inconclusive'>> = {
  0: 'followed',
  1: 'rejected',
  2: 'refused',
  4: 'inconclusive',
}

/** What `mmucheck trace --json` prints: `mmucheck-trace/1`. */
export const traceSchema = z.object({
  schema: z.literal('mmucheck-trace/1'),
  version: z.string(),
  modelHash: z.string(),
  design: z.string(),
  logs: z.array(
    z.object({
      log: z.string(),
      verdict: z.enum(['followed', 'rejected', 'refused', 'inconclusive']),
      /** Why the log cannot be read or used. */
      refused: z.string().nullable(),
      kernel: z.string().nullable(),
      events: z.int(),
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

/** The results of a run as data. */
export function traceJson<W>(
  results: readonly LogResult<W>[],
  about: Pick<TraceJson, 'version' | 'modelHash' | 'design'>,
): TraceJson {
  return { schema: 'mmucheck-trace/1', ...about, logs: results.map(logJson) }
}

function logJson<W>(result: LogResult<W>): TraceJson['logs'][number] {
  return {
    log: result.name,
    verdict: VERDICTS[statusOf(result)] ?? 'inconclusive',
    refused: result.refused,
    kernel: result.counted?.version ?? null,
    events: result.counted?.events ?? 0,
    states: statesJson(result),
    slices: result.slices.map(({ id, reason, result: followed, seconds }) => ({
      id,
      verdict: followed === null ? 'not-followed' : followed.verdict.kind,
      reason,
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
