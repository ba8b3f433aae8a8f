import { z } from 'zod'
import { counterexampleShape } from '../../../counterexamples/counterexample-file.ts'
import { REDUCE } from '../../reduce/index.ts'
import { SAMPLING, VERDICTS } from '../../search/index.ts'
import { notAppliedInWords, openInWords, stopInWords } from '../reason-words.ts'
import {
  appliedIn,
  type CheckReport,
  OVERALL,
  overallVerdict,
  type PropertyReport,
  visitedIn,
} from './report.ts'

/**
 * The machine-readable result, stable for scripts: `mmucheck-result/1`. `CheckReport` documents the members; only what
 * differs is documented here.
 */

const natural = z.int().min(0)

const counterexample = z.strictObject({
  id: z.string().regex(/^ce-/),
  file: z.string().nullable(),
  contents: counterexampleShape.nullable(),
  length: natural,
  contextSwitches: natural,
  loopStart: natural.nullable(),
  shortest: z.boolean(),
  unconfirmed: z.string().nullable(),
})

const property = z.strictObject({
  id: z.string(),
  kind: z.string(),
  asked: z.boolean(),
  verdict: z.enum([...VERDICTS, 'not-applicable']),
  antecedent: natural,
  counterexample: counterexample.nullable(),
  /** Why it is inconclusive, unless the search just ended early; or why it is vacuous. */
  reason: z.string().nullable(),
  upTo: z.string().nullable(),
  subject: z.string().nullable(),
  fairness: z.array(z.strictObject({ constraint: z.string(), because: z.string() })).nullable(),
})

const coverage = z.strictObject({
  method: z.enum(SAMPLING),
  walks: natural.nullable(),
  seed: natural.nullable(),
  preemptions: natural.nullable(),
  chance: z.number().min(0).max(1).nullable(),
})

const patch = z.strictObject({
  patch: z.string(),
  places: z.array(z.string()),
  kernel: z.array(z.string()),
})

const check = z.strictObject({
  scenario: z.string(),
  design: z.string(),
  kernel: z.string().nullable(),
  patches: z.array(patch),
  withoutEffect: z.boolean(),
  remarks: z.array(z.string()),
  ownSteps: z.array(z.string()),
  complete: z.boolean(),
  incompleteReason: z.string().nullable(),
  states: natural,
  /** See `visitedIn`. */
  visited: natural,
  transitions: natural,
  depth: natural,
  deadlocks: natural,
  seconds: z.number().min(0),
  bytesPerState: z.number().min(0),
  /** The reduction that was applied. */
  reduction: z.enum(REDUCE),
  /** States without symmetry divided by states explored. */
  reductionFactor: z.number().positive(),
  notApplied: z.array(z.string()),
  selfCheck: z.strictObject({ states: natural, transitions: natural, seconds: z.number().min(0) }).nullable(),
  workers: natural,
  collisionProbability: z.number().min(0).max(1),
  collisionMeasured: z.number().min(0).max(1).nullable(),
  coverage: coverage.nullable(),
  modelError: z
    .strictObject({
      message: z.string(),
      steps: z.array(z.strictObject({ thread: z.string(), step: z.string(), text: z.string() })).nullable(),
    })
    .nullable(),
  resume: z.string().nullable(),
  resumedFrom: z.string().nullable(),
  steps: z.record(z.string(), natural),
  properties: z.array(property),
})

export const resultSchema = z.strictObject({
  schema: z.literal('mmucheck-result/1'),
  version: z.string(),
  modelHash: z.string(),
  verdict: z.enum(OVERALL),
  checks: z.array(check),
})

export type Result = z.infer<typeof resultSchema>
export type CheckJson = Result['checks'][number]

/** The result of a run as it is written. */
export function resultJson(
  tool: Pick<Result, 'version' | 'modelHash'>,
  checks: readonly CheckReport[],
): Result {
  const { version, modelHash } = tool
  const verdict = overallVerdict(checks)
  return { schema: 'mmucheck-result/1', version, modelHash, verdict, checks: checks.map(checkJson) }
}

/** The members are printed in this order. */
function checkJson(c: CheckReport): CheckJson {
  return {
    scenario: c.scenario,
    design: c.design,
    kernel: c.kernel,
    patches: c.patches.map(({ patch, places, kernel }) => ({
      patch,
      places: [...places],
      kernel: [...kernel],
    })),
    withoutEffect: c.withoutEffect,
    remarks: [...c.remarks],
    ownSteps: [...c.ownSteps],
    complete: c.complete,
    incompleteReason: c.incompleteReason === null ? null : stopInWords(c.incompleteReason),
    states: c.states,
    visited: visitedIn(c),
    transitions: c.transitions,
    depth: c.depth,
    deadlocks: c.deadlocks,
    seconds: c.seconds,
    bytesPerState: c.bytesPerState,
    reduction: appliedIn(c),
    reductionFactor: c.reduction.factor,
    notApplied: c.reduction.notApplied.map(notAppliedInWords),
    selfCheck: c.selfCheck,
    workers: c.workers,
    collisionProbability: c.collisionProbability,
    collisionMeasured: c.collisionMeasured,
    coverage: c.coverage,
    modelError:
      c.modelError === null
        ? null
        : {
            message: c.modelError.message,
            steps: c.modelError.steps === null ? null : [...c.modelError.steps],
          },
    resume: c.resume,
    resumedFrom: c.resumedFrom,
    steps: Object.fromEntries(c.steps),
    properties: c.properties.map(propertyJson),
  }
}

function propertyJson(p: PropertyReport): CheckJson['properties'][number] {
  return {
    id: p.id,
    kind: p.kind,
    asked: p.asked,
    verdict: p.verdict,
    antecedent: p.antecedent,
    reason: p.reason === null ? null : openInWords(p.reason),
    upTo: p.upTo,
    subject: p.subject,
    fairness: p.fairness === null ? null : [...p.fairness],
    counterexample: p.counterexample,
  }
}
