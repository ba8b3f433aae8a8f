import { rmSync } from 'node:fs'
import type { SearchOptions } from '../../search/breadth-first.ts'
import type { SearchResult } from '../../search/result.ts'
import type { OpenReason } from '../../search/stop-reason.ts'

/** Searches that are interrupted on purpose, and what of their result must not depend on that. */

/** The part of a result that an interruption must not change: all but times, bytes and counts of repeated checks. */
export function comparable(result: SearchResult) {
  const { seconds: _, bytesPerState: __, steps, properties, reduction, ...rest } = result
  const { symmetry } = reduction
  return {
    ...rest,
    reduction: { ...reduction, symmetry: symmetry === null ? null : { ...symmetry, checks: null } },
    steps: Object.fromEntries(steps),
    properties,
  }
}

/** A search as a function of additional options. */
export type Search = (more: SearchOptions) => SearchResult

/** How often a search checks `stop` if it is not interrupted. */
export function stopChecksIn(search: Search): number {
  let looks = 0
  search({
    stop: () => {
      looks++
      return false
    },
  })
  return looks
}

/** Number of pieces after which a search is taken to make no progress. */
const MOST_PIECES = 10_000

/** Interrupts a search at check number `look` of `stop`, from 0; it writes a checkpoint. */
export function interrupted(search: Search, directory: string, look: number): SearchResult {
  rmSync(directory, { recursive: true, force: true })
  let left = look
  return search({ checkpoint: { directory }, stop: () => left-- <= 0 })
}

/**
 * Searches in pieces of `looks` checks of `stop` each. Returns the last piece and the number of pieces.
 * @param looks at least 2: resuming takes the first.
 * @throws Error if the search does not end.
 */
export function inPieces(search: Search, directory: string, looks: number) {
  let pieces = 1
  let result = interrupted(search, directory, looks)
  while (isInterrupted(result)) {
    let left = looks
    if (++pieces > MOST_PIECES) throw new Error(`no end after ${MOST_PIECES} pieces of ${looks} looks`)
    result = search({ resume: directory, checkpoint: { directory }, stop: () => left-- <= 0 })
  }
  return { result, pieces }
}

/** Whether the search or its evaluation of liveness was interrupted. */
export function isInterrupted({ incompleteReason, properties }: SearchResult): boolean {
  const isInterruption = (reason: OpenReason | null): boolean => reason?.kind === 'interrupted'
  return isInterruption(incompleteReason) || properties.some(({ reason }) => isInterruption(reason))
}
