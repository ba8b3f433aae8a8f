import { setMaxListeners } from 'node:events'
import type { Design } from '../../../model/designs/design.ts'
import { ModelError } from '../../../model/language/errors.ts'
import type { CommandContext } from '../command-context.ts'
import { inParallel } from '../in-parallel.ts'
import { errorInWords } from '../reason-words.ts'
import type { ProgressDisplay } from '../report/progress.ts'
import type { Baseline } from './baseline-file.ts'
import type { GateCell } from './gate-cells.ts'
import type { JudgeLimits } from './judge-cell.ts'
import { type JudgedCell, unjudgedCell } from './judged-cell.ts'
import { longestFirst } from './plan.ts'
import type { CachedVerdicts } from './verdict-cache.ts'

/** How to search the cells of a gate. */
export interface GateRun {
  readonly cells: readonly GateCell[]
  readonly kernel: string | null
  /** Says how long each cell takes. */
  readonly baseline: Baseline
  readonly limits: JudgeLimits
  /** Seconds for all cells together; null for as many as it takes. */
  readonly budget: number | null
  readonly atOnce: number
  /** Verdicts of earlier runs; null for none. */
  readonly verdicts: CachedVerdicts | null
  /** Called, once, when a verdict cannot be kept. */
  readonly onUnwritten: () => void
  readonly progress: ProgressDisplay
}

/**
 * Searches all cells, the longest first, several in parallel. What the budget or an interrupt leaves out is not
 * complete.
 * @returns what was found, in the order of the cells, and the names of those that were not searched because the cache
 *   has them.
 * @throws InternalError after stopping the other searches.
 */
export async function runGate(
  { judge, signal }: Pick<CommandContext, 'judge' | 'signal'>,
  { cells, kernel, baseline, limits, budget, atOnce, verdicts, onUnwritten, progress }: GateRun,
): Promise<{ readonly judged: JudgedCell[]; readonly cached: readonly string[] }> {
  const cached = new Set<string>()
  let isWritable = true
  const keep = (cell: GateCell, found: JudgedCell): JudgedCell => {
    if (verdicts === null || !isWritable) return found
    isWritable = verdicts.cache.write(verdicts.keyOf(cell), found)
    if (!isWritable) onUnwritten()
    return found
  }
  /** A complete search of as many states would not have ended within the limit either. */
  const fits = ({ states }: JudgedCell): boolean =>
    limits.maxStates === undefined || states <= limits.maxStates
  const stop = new AbortController()
  // Each of the searches under way listens, and with a queue that may be all.
  setMaxListeners(0, stop.signal)
  const onAbort = (): void => stop.abort()
  signal.addEventListener('abort', onAbort)
  if (signal.aborted) stop.abort()
  const end = budget === null ? Number.POSITIVE_INFINITY : performance.now() + budget * 1000
  const timer = budget === null ? null : setTimeout(() => stop.abort(), budget * 1000)
  const why = (): string =>
    performance.now() >= end ? `${budget} s passed for all cells (--budget)` : 'interrupted'
  const search = async (cell: GateCell): Promise<JudgedCell> => {
    const { name, design, scenario } = cell
    const names = { design: design.id, scenario: scenario.id }
    const known = verdicts?.cache.read(verdicts.keyOf(cell), cell) ?? null
    if (known !== null && fits(known)) {
      cached.add(name)
      progress.done(name)
      return known
    }
    if (performance.now() >= end) stop.abort()
    if (stop.signal.aborted)
      return unjudgedCell(names, { stopped: `${why()} before it began`, modelError: null })
    const own = cell.files?.design
    const request = {
      ...names,
      ...(own === undefined ? {} : { design: own.code ?? (design as Design<never>) }),
      ...(kernel === null ? {} : { kernel }),
      limits,
    }
    const listener = {
      onProgress: (now: Parameters<ProgressDisplay['update']>[1]) => progress.update(name, now),
      onUnwritten: () => {},
    }
    const found = await judge.judge(request, stop.signal, listener).catch((error: unknown) => {
      // A model that cannot be searched ends this cell only.
      if (!(error instanceof ModelError)) throw error
      return unjudgedCell(names, { stopped: null, modelError: errorInWords(error) })
    })
    progress.done(name)
    return keep(cell, found.stopped === 'interrupted' ? { ...found, stopped: why() } : found)
  }
  const order = longestFirst(
    cells.map(({ name }) => name),
    baseline,
  )
  try {
    const found = inParallel(
      order.map((n) => () => search(cells[n])),
      atOnce,
    )
    for (const each of found) each.catch(() => stop.abort())
    const settled = await Promise.allSettled(found)
    const byCell = new Array<JudgedCell>(cells.length)
    settled.forEach((outcome, n) => {
      if (outcome.status === 'rejected') throw outcome.reason
      byCell[order[n]] = outcome.value
    })
    if (cached.size < cells.length) verdicts?.cache.prune()
    return { judged: byCell, cached: cells.map(({ name }) => name).filter((name) => cached.has(name)) }
  } finally {
    if (timer !== null) clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  }
}
