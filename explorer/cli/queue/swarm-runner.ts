import { setMaxListeners } from 'node:events'
import { ModelError } from '../../../model/language/errors.ts'
import type { Property } from '../../../model/language/property.ts'
import { quoted } from '../../../model/language/quoted.ts'
import { JobResults } from '../../queue/job-results.ts'
import type { JobQueue } from '../../queue/packages.ts'
import { estimated, merged, neverBegun, propertyResult } from '../../search/index.ts'
import { type Catalogue, findDesign, findProperty } from '../catalogue.ts'
import { catalogueOfKernel } from '../catalogue-of-kernel.ts'
import { InternalError, UsageError } from '../errors.ts'
import type { Checked, CheckRequest } from '../run-check.ts'
import type { SearchRunner } from '../search-runner.ts'
import { optionsOf, progressShape } from './cell-job.ts'
import { diversified, inWords } from './diversified.ts'
import { NO_FILES } from './queue-judge.ts'
import type { Session } from './session.ts'
import { type WalkJob, type WalkResult, type WalkSettings, walkId, walkResultShape } from './walk-job.ts'

/** Seconds of each search, unless the user says. */
const SECONDS = 60

/** A search of a swarm that has ended. */
interface Ended {
  readonly settings: WalkSettings
  readonly result: WalkResult
}

/**
 * Runs each search as a swarm: many random searches, on the workers of a queue. The first violation ends the others.
 * @param count searches of a swarm. @param say prints what the swarm saw.
 */
export function swarmRunner(
  session: Session,
  queue: JobQueue,
  catalogue: Catalogue,
  count: number,
  say: (line: string) => void,
): SearchRunner {
  return {
    run: async (request, signal, { onProgress }) => {
      const start = performance.now()
      const { timeLimit = SECONDS, maxStates, seed = 1 } = request.settings
      const limits = { timeLimit, ...(maxStates === undefined ? {} : { maxStates }) }
      const swarm = diversified(count, seed, limits)
      const results = new JobResults(queue)
      const stop = new AbortController()
      // Each of the searches under way listens, and with a queue that may be all.
      setMaxListeners(0, stop.signal)
      const onAbort = (): void => stop.abort()
      signal.addEventListener('abort', onAbort)
      if (signal.aborted) stop.abort()
      const ended: Ended[] = []
      const search = async (settings: WalkSettings, rank: number): Promise<void> => {
        const job = jobOf(session, request, settings)
        const result = await resultOf(results, session, job, rank, stop.signal, (progress) =>
          onProgress(progress),
        )
        if (result === null) return
        if (result.modelError !== null) {
          stop.abort()
          throw new ModelError(result.modelError)
        }
        ended.push({ settings, result })
        if (!result.properties.some(({ verdict }) => verdict === 'violated')) return
        if (!stop.signal.aborted)
          say(`mmucheck: swarm: a violation by ${inWords(settings)}; the others are stopped`)
        stop.abort()
      }
      try {
        const all = await Promise.allSettled(swarm.map(search))
        for (const each of all) if (each.status === 'rejected') throw each.reason
      } finally {
        stop.abort()
        results.close()
        signal.removeEventListener('abort', onAbort)
      }
      for (const line of coverageLines(ended, count)) say(line)
      const { kernel, design, properties, unasked } = request
      const ofKernel = catalogueOfKernel(catalogue, kernel)
      const change = findDesign(ofKernel, design as string)
      const judged = [...properties, ...unasked].map((id) => findProperty(ofKernel, id, change))
      const seconds = (performance.now() - start) / 1000
      return together(ended, judged as readonly Property<unknown>[], seed, seconds, signal.aborted)
    },
  }
}

function jobOf({ keys }: Session, request: CheckRequest, settings: WalkSettings): WalkJob {
  const { scenario, design, kernel = null, properties, unasked } = request
  if (typeof scenario !== 'string' || typeof design !== 'string') throw new UsageError(NO_FILES)
  const names = { scenario, design, kernel, properties: [...properties], unasked: [...unasked] }
  return { build: keys.build, ...names, settings }
}

/** What a search found; null if it was cancelled. @throws InternalError for a failure, or for what is no result. */
async function resultOf(
  results: JobResults,
  { client, keys }: Session,
  data: WalkJob,
  rank: number,
  signal: AbortSignal,
  onProgress: (progress: ReturnType<typeof progressShape.parse>) => void,
): Promise<WalkResult | null> {
  if (signal.aborted) return null
  const id = walkId(data)
  const job = { name: `walks in ${data.scenario} with ${data.design}`, data, opts: optionsOf(id, rank) }
  let onAbort = (): void => {}
  const isAborted = new Promise<null>((resolve) => {
    onAbort = (): void => resolve(null)
    signal.addEventListener('abort', onAbort)
  })
  try {
    const isResult = (result: unknown): boolean => walkResultShape.safeParse(result).success
    const report = (progress: unknown): void => {
      const seen = progressShape.safeParse(progress)
      if (seen.success) onProgress(seen.data)
    }
    const end = await Promise.race([results.endOf(job, isResult, report), isAborted])
    if (end === null) {
      if (await results.giveUp(id)) await client.call('SADD', [keys.stop, id])
      return null
    }
    if (end.kind === 'failed') throw new InternalError(`${job.name} failed: ${quoted(end.why)}`)
    const found = walkResultShape.safeParse(end.result)
    if (!found.success) throw new InternalError(`what the queue has for ${job.name} is no result`)
    return found.data
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** How much of the graph the searches saw, as far as that can be known. */
function coverageLines(ended: readonly Ended[], count: number): string[] {
  const walks = ended.filter(({ result }) => result.sketch !== null)
  let seen: number[] = []
  let before = 0
  let last = 0
  for (const { result } of walks) {
    before = estimated(seen)
    seen = merged([seen, result.sketch ?? []])
    last = result.states
  }
  const states = estimated(seen)
  const isViolated = ended.some(({ result }) => result.properties.some((p) => p.verdict === 'violated'))
  const fresh = last === 0 ? 0 : Math.max(0, Math.min(100, Math.round((100 * (states - before)) / last)))
  return [
    `mmucheck: swarm: ${ended.length} of ${count} searches; those by walks saw about ${states} different states, and ${fresh}% of what the last one saw was new`,
    ...(isViolated
      ? []
      : ['mmucheck: swarm: no violation was found; that proves nothing, however many searches there are']),
  ]
}

/** The results of all searches as one. Whatever was not found is inconclusive. */
function together(
  ended: readonly Ended[],
  properties: readonly Property<unknown>[],
  seed: number,
  seconds: number,
  isInterrupted: boolean,
): Checked {
  const results = ended.map(({ result }) => result)
  const sum = (of: (result: WalkResult) => number): number => results.reduce((total, r) => total + of(r), 0)
  const most = (of: (result: WalkResult) => number): number => results.reduce((m, r) => Math.max(m, of(r)), 0)
  const states = Math.max(
    most((r) => r.states),
    estimated(merged(results.map(({ sketch }) => sketch ?? []))),
  )
  const walks = sum((r) => r.walks)
  const steps = new Map<string, number>()
  for (const result of results)
    for (const [step, n] of result.steps) steps.set(step, (steps.get(step) ?? 0) + n)
  const found = properties.map((property) => {
    const of = results.flatMap((r) => r.properties.filter(({ id }) => id === property.id))
    const antecedent = of.reduce((m, p) => Math.max(m, p.antecedent), 0)
    const decided = of
      .filter(({ verdict, trace }) => (verdict === 'violated' || verdict === 'reached') && trace !== null)
      .sort((a, b) => (a.trace?.steps.length ?? 0) - (b.trace?.steps.length ?? 0))
    if (decided.length === 0) return propertyResult(property, 'inconclusive', antecedent)
    const [{ verdict, trace, subject }] = decided
    return { ...propertyResult(property, verdict, antecedent, trace), subject }
  })
  const maxDepth = Math.max(1, ...ended.map(({ settings }) => settings.maxDepth ?? 0))
  const sampled = {
    kind: 'sampled',
    method: 'walks',
    walks,
    withoutNew: 0,
    maxDepth,
    seed,
    states,
    bound: null,
  } as const
  return {
    ...neverBegun(properties, { kind: 'not-begun' }),
    incompleteReason: { ...sampled, stopped: isInterrupted ? { kind: 'interrupted' } : null },
    states,
    transitions: sum((r) => r.transitions),
    depth: most((r) => r.depth),
    deadlocks: most((r) => r.deadlocks),
    seconds,
    steps,
    properties: found,
    coverage: { method: 'walks', walks, seed, preemptions: null, chance: null },
    workers: Math.max(1, ended.length),
    selfCheck: null,
  }
}
