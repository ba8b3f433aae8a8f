import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { worstOf } from './exit-status.ts'
import { matchOf, statusesOf } from './expectation.ts'
import { type CheckReport, exitStatusOf, overallVerdict, type PropertyReport, verdictLine } from './report.ts'

const verdicts = fc.constantFrom('holds' as const, 'violated' as const, 'inconclusive' as const)

const property = (verdict: PropertyReport['verdict'], id = 'p'): PropertyReport => ({
  id,
  kind: 'invariant',
  verdict,
  antecedent: 1,
  counterexample: null,
  reason: null,
  upTo: null,
  subject: null,
  fairness: null,
})

const report = (properties: PropertyReport[], complete: boolean): CheckReport => ({
  scenario: 's',
  design: 'd',
  patches: [],
  withoutEffect: false,
  remarks: [],
  ownSteps: [],
  complete,
  incompleteReason: complete ? null : 'more than 1 states (--max-states)',
  states: 1,
  visited: 1,
  transitions: 0,
  depth: 0,
  deadlocks: 0,
  seconds: 0,
  bytesPerState: 0,
  reduction: 'none',
  reductionFactor: 1,
  notApplied: [],
  selfCheck: null,
  workers: 1,
  collisionProbability: 0,
  collisionMeasured: null,
  coverage: null,
  modelError: null,
  resume: null,
  resumedFrom: null,
  steps: {},
  properties,
})

const reports = fc.array(
  fc.tuple(fc.array(verdicts, { maxLength: 3 }), fc.boolean()).map(([v, complete]) =>
    report(
      v.map((each) => property(each)),
      complete,
    ),
  ),
  { maxLength: 4 },
)

describe('the overall verdict', () => {
  it('holds only when every search was complete and every property holds', () => {
    fc.assert(
      fc.property(reports, (checks) => {
        const all = checks.flatMap((c) => c.properties.map((p) => p.verdict))
        const clean = checks.every((c) => c.complete) && all.every((v) => v === 'holds')
        expect(overallVerdict(checks) === 'holds').toBe(clean)
        expect(exitStatusOf(checks, false) === 0).toBe(clean)
        expect(overallVerdict(checks) === 'violated').toBe(all.includes('violated'))
      }),
    )
  })

  it('is 1 for a violation, whatever else there is, and 4 for what is open', () => {
    fc.assert(
      fc.property(reports, fc.boolean(), (checks, allow) => {
        const status = exitStatusOf(checks, allow)
        const verdict = overallVerdict(checks)
        if (verdict === 'violated') expect(status).toBe(1)
        if (verdict === 'inconclusive') expect(status).toBe(allow ? 0 : 4)
        if (verdict === 'holds') expect(status).toBe(0)
      }),
    )
  })

  it('is told in the last line, with the option that allows it', () => {
    expect(verdictLine([report([property('violated'), property('holds')], true)], false)).toBe(
      'mmucheck: 1 violated, 1 hold, 0 inconclusive',
    )
    expect(verdictLine([report([property('inconclusive')], false)], true)).toBe(
      'mmucheck: 0 violated, 0 hold, 1 inconclusive (--allow-incomplete)',
    )
    expect(verdictLine([report([property('holds')], false)], false)).toBe(
      'mmucheck: 0 violated, 1 hold, 0 inconclusive; 1 of 1 searches incomplete',
    )
  })
})

describe('exit statuses', () => {
  it('win in the order 70, 1, 2, 3, 4, 0', () => {
    expect(worstOf([0, 4, 3, 1, 2, 70])).toBe(70)
    expect(worstOf([0, 4, 3, 1, 2])).toBe(1)
    expect(worstOf([0, 4, 3, 2])).toBe(2)
    expect(worstOf([0, 4, 3])).toBe(3)
    expect(worstOf([0, 4])).toBe(4)
    expect(worstOf([])).toBe(0)
  })
})

describe('expectations', () => {
  const design = { expect: [{ scenario: 's', property: 'bad', verdict: 'violated' as const }] }

  it('are "holds" where nothing is listed', () => {
    expect(matchOf(design, 's', property('holds'))).toBe('expected')
    expect(matchOf(design, 's', property('violated'))).toBe('unexpected')
    expect(matchOf(design, 's', property('violated', 'bad'))).toBe('expected')
    expect(matchOf(design, 's', property('holds', 'bad'))).toBe('missed')
    expect(matchOf(design, 'other', property('violated', 'bad'))).toBe('unexpected')
    expect(matchOf(design, 's', property('inconclusive'))).toBe('open')
    // The fault ends behaviours: up to there is all that can be known of what is to hold beside it.
    expect(matchOf(design, 's', { ...property('inconclusive'), upTo: 'fault' })).toBe('expected')
    expect(matchOf(design, 's', { ...property('inconclusive', 'bad'), upTo: 'fault' })).toBe('open')
    expect(matchOf(design, 's', property('inconclusive', 'bad'))).toBe('open')
  })

  it('that are not met decide the status', () => {
    expect(statusesOf(design, report([property('violated', 'bad')], true))).toEqual([])
    expect(statusesOf(design, report([property('holds', 'bad')], true))).toEqual([3])
    expect(statusesOf(design, report([property('violated')], true))).toEqual([1])
    expect(statusesOf(design, report([property('violated', 'bad')], false))).toEqual([4])
  })
})
