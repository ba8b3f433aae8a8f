import { rmSync } from 'node:fs'
import type { SearchOptions } from '../../search/breadth-first.ts'
import type { SearchResult } from '../../search/result.ts'
import type { OpenReason } from '../../search/stop-reason.ts'

/** For tests: searches that are interrupted on purpose, and what must be as if they had not been. */

/** All of a result that an interruption must not change: everything but times, bytes and what was checked again. */
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

/** A search as a function of what its caller may add to it. */
export type Search = (more: SearchOptions) => SearchResult

/** How often a search looks whether it must stop, when nobody stops it. */
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

/** Pieces after which a search that should have ended is taken to stand still. */
const MOST_PIECES = 10_000

/** Makes a search that is interrupted at its look number `look`, from 0, and leaves a checkpoint. */
export function interrupted(search: Search, directory: string, look: number): SearchResult {
  rmSync(directory, { recursive: true, force: true })
  let left = look
  return search({ checkpoint: { directory }, stop: () => left-- <= 0 })
}

/**
 * Makes a search in pieces of `looks` looks each; gives the last piece and how many there were.
 * @param looks at least 2: going on from a checkpoint takes the first.
 * @throws Error when it does not come to its end.
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

/** True when somebody stopped the search, or its judgement of liveness. */
export function isInterrupted({ incompleteReason, properties }: SearchResult): boolean {
  const isInterruption = (reason: OpenReason | null): boolean => reason?.kind === 'interrupted'
  return isInterruption(incompleteReason) || properties.some(({ reason }) => isInterruption(reason))
}
