import { randomInt } from 'node:crypto'
import { InternalError } from '../errors.ts'
import type { JudgeRequest } from '../gate/judge-cell.ts'
import type { JudgedCell } from '../gate/judged-cell.ts'
import type { CellJudge, SearchListener } from '../search-runner.ts'

/** Chance of a cell to be searched again, until as many are found as were asked for. */
const ONE_OF = 4

/**
 * A judge that searches some cells again on this machine, chosen at random, because a process that can write to the queue
 * decides the verdicts.
 * @param most cells that are searched again.
 */
export function rechecking(judge: CellJudge, here: CellJudge, most: number): CellJudge {
  let left = most
  return {
    judge: async (request, signal, listener) => {
      const found = await judge.judge(request, signal, listener)
      if (left === 0 || randomInt(ONE_OF) !== 0 || !found.complete) return found
      left--
      await recheck(here, request, found, signal, listener)
      return found
    },
  }
}

/**
 * Searches a cell on this machine, and compares.
 * @throws InternalError when something else is found.
 */
export async function recheck(
  here: CellJudge,
  request: JudgeRequest,
  found: JudgedCell,
  signal: AbortSignal,
  listener: SearchListener = { onProgress: () => {}, onUnwritten: () => {} },
): Promise<void> {
  const own = await here.judge(request, signal, listener)
  if (!own.complete || isSame(own, found)) return
  throw new InternalError(
    `${found.design} in ${found.scenario}: this machine finds something else than the result says; do not trust where it comes from`,
  )
}

/** Whether two results of a cell are equal. The traces of known violations may have been left out of one. */
function isSame(own: JudgedCell, found: JudgedCell): boolean {
  const without = (cell: JudgedCell): unknown => [
    cell.states,
    cell.transitions,
    cell.depth,
    cell.deadlocks,
    cell.properties.map((p) => [p.id, p.verdict, p.antecedent, p.upTo, p.length, p.counterexample]),
    cell.taken.toSorted(),
    cell.untaken.toSorted(),
  ]
  return JSON.stringify(without(own)) === JSON.stringify(without(found))
}
