import { match } from 'ts-pattern'
import { isLiveness, type Property } from '../../model/language/property.ts'
import type { PropertyResult, Verdict } from '../search/index.ts'
import type { ResolvedProgram } from './built-programs.ts'

/** What a search found of a property: `not-applicable` is vacuous of one that was not asked for. */
export interface Judgement extends Omit<PropertyResult, 'verdict'> {
  readonly verdict: Verdict | 'not-applicable'
  /** False when it is judged by default. */
  readonly asked: boolean
}

/** The verdict on a property, in the light of whether it was asked for and had anything to judge. */
export function judgement<W>(
  property: Property<W>,
  result: PropertyResult,
  asked: boolean,
  programs: readonly ResolvedProgram<never>[],
  steps: ReadonlyMap<string, number>,
): Judgement {
  const isIdle = result.verdict === 'holds' && nothingRaises(property, programs, steps)
  const found: PropertyResult = isIdle ? { ...result, verdict: 'vacuous', antecedent: 0 } : result
  return found.verdict === 'vacuous' && !asked
    ? { ...found, asked, verdict: 'not-applicable' }
    : { ...found, asked }
}

/**
 * Why a complete search had nothing to judge for a property, or did not reach a witness: a sentence on what was never
 * true. Antecedents are code; `when` describes those of steps in words, the title those of states.
 */
export function whyNothingJudged<W>(
  property: Property<W>,
  programs: readonly Pick<ResolvedProgram<never>, 'program'>[],
): string {
  if (isLiveness(property) && property.each !== undefined) {
    const { each } = property
    if (!programs.some(({ program }) => program.kind === each))
      return `It is judged for each thread of kind ${each}, and there is none.`
  }
  return match(property as Property<never>)
    .with(
      { kind: 'fault' },
      ({ raisedIn = [] }) => `No step is taken that could raise it, in ${raisedIn.join('() or ')}().`,
    )
    .with({ kind: 'witness' }, ({ title }) => `No reachable state shows it: ${title}`)
    .with(
      { kind: 'action' },
      (p) => `Its antecedent is true of no step that can be taken: ${p.when ?? p.title}`,
    )
    .with({ kind: 'no-solo-cycle' }, () => 'Its goal is true in every reachable state.')
    .otherwise(({ title }) => `Its antecedent is true in no reachable state: ${title}`)
}

/**
 * Whether a search took no step of the kernel functions in which an oops could happen, so that there was nothing to
 * judge.
 * @param steps how often each step was taken, by thread kind and path.
 */
function nothingRaises<W>(
  property: Property<W>,
  programs: readonly ResolvedProgram<never>[],
  steps: ReadonlyMap<string, number>,
): boolean {
  if (property.kind !== 'fault' || property.raisedIn === undefined) return false
  const { raisedIn } = property
  return !programs.some(({ program, flow }) =>
    flow.steps.some(
      ({ path, step }) =>
        raisedIn.includes(step.about.fn ?? '') && (steps.get(`${program.kind}.${path}`) ?? 0) > 0,
    ),
  )
}
