import { match, P } from 'ts-pattern'
import type { SurvivingMutant } from '../../../model/designs/survival.ts'
import { EXIT, worstOf } from '../exit-status.ts'
import type { Trial } from './trials.ts'

/** A trial beside what was reviewed. */
export interface Reviewed extends Trial {
  readonly standing: Standing
  /** The reviewed reason why no property notices the mutant; null if there is none. */
  readonly known: SurvivingMutant | null
}

/**
 * Whether a trial is as it should be.
 *
 * - `noticed`: by a property, or by model code that fails.
 * - `explained`: no property notices it, and the reason is known.
 * - `unexplained`: no property notices it.
 * - `contradicted`: a reason says that nothing notices it, but something does.
 * - `open`: not decided, whether a reason is known or not: a search that was left out may notice it.
 */
export type Standing = 'noticed' | 'equivalent' | 'explained' | 'unexplained' | 'contradicted' | 'open'

/** @param isWhole whether every scenario was there to be searched: otherwise nothing is known to survive. */
export function reviewed(trial: Trial, surviving: readonly SurvivingMutant[], isWhole: boolean): Reviewed {
  const known = surviving.find(({ id }) => id === trial.mutant.id) ?? unreviewed(trial)
  const standing = match(trial.outcome)
    .returnType<Standing>()
    .with({ kind: 'noticed' }, () => (known === null ? 'noticed' : 'contradicted'))
    .with({ kind: 'model-fails' }, () => (known === null ? 'noticed' : 'explained'))
    .with({ kind: 'equivalent' }, () => (known === null ? 'equivalent' : 'contradicted'))
    .with({ kind: P.union('survives', 'never-taken') }, () =>
      known !== null ? 'explained' : isWhole ? 'unexplained' : 'open',
    )
    .with({ kind: 'not-decided' }, () => 'open')
    .exhaustive()
  return { ...trial, standing, known }
}

/**
 * The reason that needs no review: the answer of a test was fixed, and nothing can be counted that differs. Another answer
 * anywhere would lead to another state.
 */
function unreviewed({ mutator, mutant: { id }, outcome }: Trial): SurvivingMutant | null {
  if (mutator !== 'guard' || outcome.kind !== 'survives' || !outcome.sameCounts) return null
  return {
    id,
    reason: 'bounds',
    because: 'every count is that of the base: the test has no other answer there.',
  }
}

/** How many changes were noticed, of those that change a behaviour. */
export interface MutationScore {
  readonly noticed: number
  readonly of: number
}

/** The mutation score. What is not decided counts as not noticed. */
export function scoreOf(trials: readonly Pick<Reviewed, 'standing'>[]): MutationScore {
  const count = (...standings: readonly Standing[]): number =>
    trials.filter(({ standing }) => standings.includes(standing)).length
  return { noticed: count('noticed', 'contradicted'), of: trials.length - count('equivalent') }
}

/** The exit status of a run. @param stale ids with a reason that no mutant has. */
export function statusOf(
  trials: readonly Reviewed[],
  stale: readonly string[],
  allowIncomplete: boolean,
): number {
  const has = (standing: Standing): boolean => trials.some((trial) => trial.standing === standing)
  return worstOf([
    ...(has('unexplained') || has('contradicted') || stale.length > 0 ? [EXIT.mismatch] : []),
    ...(has('open') && !allowIncomplete ? [EXIT.inconclusive] : []),
  ])
}

/** Ids with a reason that no mutant has any more. */
export function staleIds(trials: readonly Trial[], surviving: readonly SurvivingMutant[]): string[] {
  const ids = new Set(trials.map(({ mutant }) => mutant.id))
  return surviving.map(({ id }) => id).filter((id) => !ids.has(id))
}
