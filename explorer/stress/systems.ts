import fc from 'fast-check'
import { buildSystem } from './build-system.ts'
import { disagreements } from './compare.ts'
import { checkPlan } from './naive-checker.ts'
import type { NaiveResult } from './naive-result.ts'
import type { SystemPlan } from './plan.ts'
import { randomPlan } from './random-plan.ts'
import { type Draw, fullSearch, searchSomehow, type Way } from './searches.ts'

/** Counts of a run. */
export interface SystemTally {
  systems: number
  searches: number
  /** Systems that were too large for the naive checker. */
  tooLarge: number
  /** How often each verdict of each kind was the right one. */
  readonly verdicts: Map<string, number>
}

export const newSystemTally = (): SystemTally => ({
  systems: 0,
  searches: 0,
  tooLarge: 0,
  verdicts: new Map(),
})

/** The naive checker, or a wrong one that must be detected. */
export type Naive = (plan: SystemPlan, most: number) => NaiveResult | null

/** Most states of a system that is checked: the naive checker is slow. */
const MOST_STATES = 400

/** Number of random ways in which each system is searched. */
const WAYS = 4

/** One in this many systems is searched by several workers. */
const SELDOM = 8

/** A tape from which a system is drawn, and one for the ways to search it. */
export const cases = fc.tuple(
  fc.array(fc.nat(999), { minLength: 40, maxLength: 260, size: 'max' }),
  fc.array(fc.nat(999), { minLength: 60, maxLength: 60 }),
)

/** Draws from a tape; past its end it reads as zeros. */
export function picker(tape: readonly number[]): Draw {
  let position = 0
  return (below) => (tape[position++] ?? 0) % below
}

/** Searches with several workers. They are slow to start, so only some systems are searched so. */
export type WithWorkers = (plan: SystemPlan, truth: NaiveResult, pick: Draw) => Promise<void>

/**
 * Compares searches of one random system in several ways with the naive checker.
 * @throws Error with the way of searching and the disagreement.
 */
export async function checkSystem(
  tapes: readonly [number[], number[]],
  tally: SystemTally,
  naive: Naive = checkPlan,
  withWorkers: WithWorkers | null = null,
): Promise<void> {
  const plan = randomPlan(tapes[0])
  const truth = naive(plan, MOST_STATES)
  if (truth === null) {
    tally.tooLarge++
    return
  }
  tally.systems++
  for (const p of plan.properties) {
    const key = `${p.kind} ${truth.findings.get(p.id)?.found === true ? 'found' : 'not found'}`
    tally.verdicts.set(key, (tally.verdicts.get(key) ?? 0) + 1)
  }
  const model = buildSystem(plan)
  const compare = ({ name, relation, result, wrong }: Way): void => {
    tally.searches++
    const found = [...wrong, ...(result === null ? [] : disagreements(plan, truth, result, relation))]
    if (found.length > 0) throw new Error(`${name}:\n  ${found.join('\n  ')}`)
  }
  compare(fullSearch(model))
  const pick = picker(tapes[1])
  for (let n = 0; n < WAYS; n++) compare(searchSomehow(model, pick))
  if (withWorkers === null || pick(SELDOM) !== 0) return
  tally.searches++
  await withWorkers(plan, truth, pick)
}
