import type { Counterexample } from '../../../counterexamples/counterexample-file.ts'
import { plural } from '../../../counterexamples/text-layout.ts'
import type { Reduce } from '../../reduce/index.ts'
import type { ModelFailure, OpenReason, PropertyResult, SearchResult, Verdict } from '../../search/index.ts'
import type { DesignEffect } from '../design-effect.ts'
import { EXIT, worstOf } from '../exit-status.ts'
import type { FailingStep } from '../failing-steps.ts'
import type { SelfCheck } from '../self-checked.ts'

/** Where a counterexample is, and how long. */
export interface CounterexampleReport {
  readonly id: string
  /** Path of the file, as given by `--out`; null when it could not be written. */
  readonly file: string | null
  /** What would be in the file, when it could not be written; else null. */
  readonly contents: Counterexample | null
  /** Steps. */
  readonly length: number
  readonly contextSwitches: number
  /** Where the repeated part of an endless behaviour begins; null for a finite one. */
  readonly loopStart: number | null
  /** True when there is none with fewer steps; otherwise that is not known. */
  readonly shortest: boolean
  /** Why the replay in a fresh process gave no answer; null when it ended in the violation. */
  readonly unconfirmed: string | null
}

/** Why there is nothing to judge for a property, in a sentence. */
export interface NothingJudged {
  readonly kind: 'nothing-judged'
  readonly sentence: string
}

/** The result for a property, with what the command line adds to it. */
export interface PropertyReport extends Omit<PropertyResult, 'verdict' | 'reason'> {
  /** Requested by name or listed by the scenario; false if it is only judged because every check judges it. */
  readonly asked: boolean
  /** `not-applicable` means vacuous, for a property that was not requested. */
  readonly verdict: Verdict | 'not-applicable'
  readonly reason: OpenReason | NothingJudged | null
  readonly counterexample: CounterexampleReport | null
}

/** The result of a search, with what the command line adds to it. */
export interface CheckReport extends Omit<SearchResult, 'properties' | 'modelError'>, DesignEffect {
  readonly scenario: string
  readonly design: string
  /** The kernel, if it is not the newest. */
  readonly kernel: string | null
  /** Remarks on the design: patches that change nothing here. */
  readonly remarks: readonly string[]
  /** Properties that the scenario leaves out although it models what they are about, by id, with the reason. */
  readonly leftOut: Readonly<Record<string, string>>
  /** The full search that this one was compared with; null without `--self-check`. */
  readonly selfCheck: SelfCheck | null
  /** The steps are null when they are not known. */
  readonly modelError: (ModelFailure & { readonly steps: readonly FailingStep[] | null }) | null
  /** Folder to give to `--resume`; null when there is nothing to resume. */
  readonly resume: string | null
  /** The checkpoint that the search was resumed from, which is trusted input; null for a new search. */
  readonly resumedFrom: string | null
  readonly properties: readonly PropertyReport[]
}

/** States judged: those stored and, with path compression, those between them, with repetitions. */
export const visitedIn = ({ states, reduction }: Pick<CheckReport, 'states' | 'reduction'>): number =>
  states + (reduction.partialOrder?.passed ?? 0)

/** The reductions that were applied, as `--reduce` names them. */
export function appliedIn({ reduction }: Pick<CheckReport, 'reduction'>): Reduce {
  const { symmetry, partialOrder } = reduction
  if (symmetry === null) return partialOrder === null ? 'none' : 'por'
  return partialOrder === null ? 'symmetry' : 'all'
}

/** The verdict on several checks together; `vacuous` also when a witness is not reached. */
export const OVERALL = ['holds', 'violated', 'inconclusive', 'vacuous'] as const satisfies readonly Verdict[]

/**
 * How many requested properties have each verdict, over all checks, and how many violations of other properties there
 * are.
 */
export interface Tally extends Readonly<Record<PropertyReport['verdict'], number>> {
  readonly unasked: number
}

export function tallyOf(checks: readonly CheckReport[]): Tally {
  const all = checks.flatMap((check) => check.properties)
  const count = (verdict: PropertyReport['verdict']): number =>
    all.filter((p) => p.asked && p.verdict === verdict).length
  return {
    violated: count('violated'),
    holds: count('holds'),
    inconclusive: count('inconclusive'),
    vacuous: count('vacuous'),
    'not-applicable': count('not-applicable'),
    reached: count('reached'),
    'not-reached': count('not-reached'),
    unasked: all.filter((p) => !p.asked && p.verdict === 'violated').length,
  }
}

/** What may stay open without changing the exit status. */
export interface Allowed {
  readonly incomplete: boolean
  readonly vacuous: boolean
}

/**
 * The verdict on all checks together. A violation counts whether requested or not. A search that did not finish is never
 * "holds", whatever its properties say, and neither is one that had nothing to judge.
 */
export function overallVerdict(checks: readonly CheckReport[]): (typeof OVERALL)[number] {
  if (isSome(checks, 'violated')) return 'violated'
  if (isOpen(checks)) return 'inconclusive'
  return isVacuous(checks) ? 'vacuous' : 'holds'
}

/** The exit status for a result. */
export function exitStatusOf(checks: readonly CheckReport[], allowed: Allowed): number {
  return worstOf([
    ...(isSome(checks, 'violated') ? [EXIT.violated] : []),
    ...(checks.some((c) => c.modelError !== null) ? [EXIT.usage] : []),
    ...(isOpen(checks) && !allowed.incomplete ? [EXIT.inconclusive] : []),
    ...(isVacuous(checks) && !allowed.vacuous ? [EXIT.inconclusive] : []),
  ])
}

/**
 * `mmucheck: 1 violated, 6 hold, 0 inconclusive, 2 vacuous`, the last line of every report. The first three counts are
 * always there, the others only if not 0.
 */
export function verdictLine(checks: readonly CheckReport[], allowed: Allowed): string {
  const { inconclusive } = tallyOf(checks)
  const wrong = checks.filter((c) => c.modelError !== null).length
  const failed = wrong === 0 ? '' : `; the model is wrong in ${wrong} of ${checks.length} checks`
  const cut = checks.filter((c) => !c.complete).length
  const unsaid = cut === 0 || inconclusive > 0 ? '' : `; ${cut} of ${checks.length} searches incomplete`
  const options = [
    ...(allowed.incomplete && isOpen(checks) ? ['--allow-incomplete'] : []),
    ...(allowed.vacuous && isVacuous(checks) ? ['--allow-vacuous'] : []),
  ]
  return `mmucheck: ${counts(checks)}${failed}${unsaid}${options.length === 0 ? '' : ` (${options.join(', ')})`}`
}

/** `1 violated, 6 hold, 0 inconclusive, 2 vacuous; 1 violation not asked for`. */
export function counts(checks: readonly CheckReport[]): string {
  const tally = tallyOf(checks)
  const { violated, unasked, holds, inconclusive } = tally
  const usual = [`${violated + unasked} violated`, `${holds} hold`, `${inconclusive} inconclusive`]
  const besides = unasked === 0 ? '' : `; ${plural(unasked, 'violation')} not asked for`
  return [...usual, ...otherCounts(tally)].join(', ') + besides
}

/** `2 vacuous`, `1 reached`: counts that are only printed if not 0. */
export function otherCounts(tally: Tally): string[] {
  return [
    ...some(tally.vacuous, 'vacuous'),
    ...some(tally.reached, 'reached'),
    ...some(tally['not-reached'], 'not reached'),
  ]
}

const some = (count: number, what: string): string[] => (count === 0 ? [] : [`${count} ${what}`])

const isSome = (checks: readonly CheckReport[], verdict: PropertyReport['verdict']): boolean =>
  checks.some((check) => check.properties.some((p) => p.verdict === verdict))

const isOpen = (checks: readonly CheckReport[]): boolean =>
  checks.some((check) => !check.complete) || isSome(checks, 'inconclusive')

const isVacuous = (checks: readonly CheckReport[]): boolean =>
  isSome(checks, 'vacuous') || isSome(checks, 'not-reached')
