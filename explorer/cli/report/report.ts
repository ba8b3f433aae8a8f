import { z } from 'zod'
import { counterexampleShape } from '../../../counterexamples/file.ts'
import { REDUCE } from '../../reduce/index.ts'
import { EXIT, worstOf } from '../exit-status.ts'

/** The machine-readable result, stable for scripts: `mmucheck-result/1`. */

/** Of a property: what the search said, or `not-applicable` when nobody asked and there was nothing to judge. */
const verdict = z.enum([
  'holds',
  'violated',
  'inconclusive',
  'vacuous',
  'not-applicable',
  'reached',
  'not-reached',
])
const natural = z.int().min(0)

const counterexample = z.strictObject({
  id: z.string().regex(/^ce-/),
  /** Path of the file, as given by `--out`; null when it could not be written. */
  file: z.string().nullable(),
  /** What would be in the file, when it could not be written; else null. */
  contents: counterexampleShape.nullable(),
  /** Steps. */
  length: natural,
  contextSwitches: natural,
  /** Where the repeated part of a behaviour without end begins; null for a finite one. */
  loopStart: natural.nullable(),
  /** True when there is none with fewer steps; otherwise that is not known. */
  shortest: z.boolean(),
})

const property = z.strictObject({
  id: z.string(),
  /** The kind of property: `invariant`, `action`, `witness`, `progress`, `deadlock`, ... */
  kind: z.string(),
  /** True when it was asked for by name, or is listed by the scenario; false when every check judges it. */
  asked: z.boolean(),
  verdict,
  /** How many states (or steps) had a true antecedent. */
  antecedent: natural,
  counterexample: counterexample.nullable(),
  /** Why it is inconclusive, where that is not simply that the search ended early; what never came true. */
  reason: z.string().nullable(),
  /** The fault at which behaviours end, when it is inconclusive for that alone; as `PropertyResult.upTo`. */
  upTo: z.string().nullable(),
  /** The thread for which it is violated, when it is judged for each thread. */
  subject: z.string().nullable(),
  /** Why the repeated part of its counterexample is fair; null where fairness plays no part. */
  fairness: z.array(z.strictObject({ constraint: z.string(), because: z.string() })).nullable(),
})

/** What a search that samples behaviours, or bounds them, has covered; as `Coverage`. */
const coverage = z.strictObject({
  method: z.enum(['walks', 'priorities', 'preemptions']),
  walks: natural.nullable(),
  seed: natural.nullable(),
  preemptions: natural.nullable(),
  chance: z.number().min(0).max(1).nullable(),
})

/** One patch of the design, and what it applies to in the scenario. */
const patch = z.strictObject({
  /** What it does, `drop ZAP.8`. */
  patch: z.string(),
  /** Every place that it names, as machine and path: `vcpu FR.3/ZAP.8`. */
  places: z.array(z.string()),
  /** Kernel functions and statements of the steps there. */
  kernel: z.array(z.string()),
})

const check = z.strictObject({
  scenario: z.string(),
  design: z.string(),
  patches: z.array(patch),
  /** True when the design leaves every step, and what follows it, as it is without the design. */
  withoutEffect: z.boolean(),
  /** Information on the design: changes that change nothing here. */
  remarks: z.array(z.string()),
  /** Steps that the design added or replaced, named as in `steps`. */
  ownSteps: z.array(z.string()),
  complete: z.boolean(),
  incompleteReason: z.string().nullable(),
  /** Distinct states that were kept. */
  states: natural,
  /** States judged: those kept, and those that partial order reduction passed between them, with repetitions. */
  visited: natural,
  transitions: natural,
  /** Steps to the farthest state; with partial order reduction counted from one kept state to the next. */
  depth: natural,
  deadlocks: natural,
  seconds: z.number().min(0),
  bytesPerState: z.number().min(0),
  /** The reduction that was really applied. */
  reduction: z.enum(REDUCE),
  /** States without symmetry divided by states explored. */
  reductionFactor: z.number().positive(),
  /** What else could have made the search smaller or faster, and why it was not applied. */
  notApplied: z.array(z.string()),
  /**
   * The full search that agrees with this one, see `--self-check`; null when that was not asked for. The
   * numbers are those of the search itself when it left nothing out.
   */
  selfCheck: z.strictObject({ states: natural, transitions: natural, seconds: z.number().min(0) }).nullable(),
  /** Threads that shared the search. */
  workers: natural,
  /** Bound on the probability that a state was lost to a hash collision; 0 when states are kept in full. */
  collisionProbability: z.number().min(0).max(1),
  /** The same, estimated from the fingerprints that occurred; null when states are kept in full. */
  collisionMeasured: z.number().min(0).max(1).nullable(),
  /** Null for a search of everything. */
  coverage: coverage.nullable(),
  /** The failure of model code that ended the search, and the steps to it (null when unknown); null without one. */
  modelError: z
    .strictObject({
      message: z.string(),
      /** `text` is the kernel function and statement of the step; the last one may be the one that failed. */
      steps: z.array(z.strictObject({ thread: z.string(), step: z.string(), text: z.string() })).nullable(),
    })
    .nullable(),
  /** Folder to give to `--resume`; null when there is nothing to go on with. */
  resume: z.string().nullable(),
  /** The checkpoint that the search went on from, which is trusted input; null when it began anew. */
  resumedFrom: z.string().nullable(),
  /** How often each step was taken, by `THREADKIND.STEP`. */
  steps: z.record(z.string(), natural),
  properties: z.array(property),
})

export const resultSchema = z.strictObject({
  schema: z.literal('mmucheck-result/1'),
  version: z.string(),
  modelHash: z.string(),
  /** `vacuous` also when a witness is not reached. */
  verdict: z.enum(['holds', 'violated', 'inconclusive', 'vacuous']),
  checks: z.array(check),
})

export type Result = z.infer<typeof resultSchema>
export type CheckReport = Result['checks'][number]
export type PropertyReport = CheckReport['properties'][number]
export type Counterexample = z.infer<typeof counterexample>

/**
 * How many of the properties that were asked for have each verdict, over all checks, and how many violations
 * there are of properties that were not asked for.
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

/** What may be left open without changing the exit status. */
export interface Allowed {
  readonly incomplete: boolean
  readonly vacuous: boolean
}

/**
 * The verdict on everything together. A violation counts whether it was asked about or not. A search that did
 * not finish is never "holds", whatever its properties say, and neither is one that had nothing to judge.
 */
export function overallVerdict(checks: readonly CheckReport[]): Result['verdict'] {
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
 * `mmucheck: 1 violated, 6 hold, 0 inconclusive, 2 vacuous`, the last line of every report. The first three
 * counts always stand there, the others when they are not 0.
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
  const besides = unasked === 0 ? '' : `; ${unasked} violation${unasked === 1 ? '' : 's'} not asked for`
  return [...usual, ...otherCounts(tally)].join(', ') + besides
}

/** `2 vacuous`, `1 reached`: what is only told where it occurs. */
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
