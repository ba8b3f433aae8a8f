import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Design } from '../../../model/designs/design.ts'
import { NOTHING_REDUCED } from '../../reduce/index.ts'
import { VERDICTS } from '../../search/index.ts'
import { worstOf } from '../exit-status.ts'
import { matchOf, statusesOf } from '../expectation.ts'
import { type CheckReport, exitStatusOf, overallVerdict, type PropertyReport, verdictLine } from './report.ts'

const WORDS = [...VERDICTS, 'not-applicable'] as const
const verdicts = fc.constantFrom(...WORDS)
const GOOD: readonly string[] = ['holds', 'reached', 'not-applicable']
const EMPTY: readonly string[] = ['vacuous', 'not-reached']
const NOTHING = { incomplete: false, vacuous: false }

const property = (verdict: PropertyReport['verdict'], id = 'p'): PropertyReport => ({
  id,
  kind: 'invariant',
  asked: true,
  verdict,
  antecedent: 1,
  trace: null,
  counterexample: null,
  reason: null,
  upTo: null,
  subject: null,
  fairness: null,
})

const report = (properties: PropertyReport[], complete: boolean): CheckReport => ({
  scenario: 's',
  design: 'd',
  kernel: null,
  patches: [],
  withoutEffect: false,
  remarks: [],
  leftOut: {},
  ownSteps: [],
  complete,
  incompleteReason: complete ? null : { kind: 'max-states', states: 1 },
  states: 1,
  transitions: 0,
  depth: 0,
  deadlocks: 0,
  seconds: 0,
  bytesPerState: 0,
  reduction: NOTHING_REDUCED,
  selfCheck: null,
  workers: 1,
  collisionProbability: 0,
  collisionMeasured: null,
  coverage: null,
  modelError: null,
  resume: null,
  resumedFrom: null,
  steps: new Map(),
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
  it('holds only when every search was complete, every property holds and every witness is reached', () => {
    fc.assert(
      fc.property(reports, (checks) => {
        const all = checks.flatMap((c) => c.properties.map((p) => p.verdict))
        const clean = checks.every((c) => c.complete) && all.every((v) => GOOD.includes(v))
        expect(overallVerdict(checks) === 'holds').toBe(clean)
        expect(exitStatusOf(checks, NOTHING) === 0).toBe(clean)
        expect(overallVerdict(checks) === 'violated').toBe(all.includes('violated'))
      }),
    )
  })

  it('is 1 for a violation, whatever else there is, and 4 for what is open or had nothing to judge', () => {
    const allowed = fc.record({ incomplete: fc.boolean(), vacuous: fc.boolean() })
    fc.assert(
      fc.property(reports, allowed, (checks, allow) => {
        const all = checks.flatMap((c) => c.properties.map((p) => p.verdict))
        const isOpen = checks.some((c) => !c.complete) || all.includes('inconclusive')
        const isEmpty = all.some((v) => EMPTY.includes(v))
        const is4 = (isOpen && !allow.incomplete) || (isEmpty && !allow.vacuous)
        expect(exitStatusOf(checks, allow)).toBe(all.includes('violated') ? 1 : is4 ? 4 : 0)
        const verdict = overallVerdict(checks)
        if (verdict === 'inconclusive') expect(isOpen).toBe(true)
        if (verdict === 'vacuous') expect([isOpen, isEmpty]).toEqual([false, true])
      }),
    )
  })

  it.each(WORDS)('is not changed by %s of what was not asked for, unless that is a violation', (verdict) => {
    const unasked = { ...property(verdict), asked: false }
    const checks = [report([property('holds'), unasked], true)]
    expect(verdictLine(checks, NOTHING)).toBe(
      verdict === 'violated'
        ? 'mmucheck: 1 violated, 1 hold, 0 inconclusive; 1 violation not asked for'
        : 'mmucheck: 0 violated, 1 hold, 0 inconclusive',
    )
  })

  it('is in the last line, with the options that allow it', () => {
    const line = (all: PropertyReport['verdict'][], complete: boolean, allow: Partial<typeof NOTHING> = {}) =>
      verdictLine(
        [
          report(
            all.map((v) => property(v)),
            complete,
          ),
        ],
        { ...NOTHING, ...allow },
      )
    expect(line(['violated', 'holds'], true)).toBe('mmucheck: 1 violated, 1 hold, 0 inconclusive')
    expect(line(['inconclusive'], false, { incomplete: true, vacuous: true })).toBe(
      'mmucheck: 0 violated, 0 hold, 1 inconclusive (--allow-incomplete)',
    )
    expect(line(['holds'], false)).toBe(
      'mmucheck: 0 violated, 1 hold, 0 inconclusive; 1 of 1 searches incomplete',
    )
    expect(line(['vacuous', 'reached', 'not-reached'], true)).toBe(
      'mmucheck: 0 violated, 0 hold, 0 inconclusive, 1 vacuous, 1 reached, 1 not reached',
    )
    expect(line(['vacuous', 'holds'], true, { vacuous: true, incomplete: true })).toBe(
      'mmucheck: 0 violated, 1 hold, 0 inconclusive, 1 vacuous (--allow-vacuous)',
    )
    expect(line(['not-reached', 'inconclusive'], true, { vacuous: true, incomplete: true })).toBe(
      'mmucheck: 0 violated, 0 hold, 1 inconclusive, 1 not reached (--allow-incomplete, --allow-vacuous)',
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
  const note = 'because'
  const design: Pick<Design<never>, 'expect'> = {
    expect: [
      { scenario: 's', property: 'bad', verdict: 'violated' },
      { scenario: 's', property: 'empty', verdict: 'vacuous', note },
      { scenario: 's', property: 'unseen', verdict: 'not-reached', note },
    ],
  }
  const witness = (verdict: PropertyReport['verdict'], id = 'seen'): PropertyReport => ({
    ...property(verdict, id),
    kind: 'witness',
  })

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

  it('of "holds" are not met where nothing was judged, and "vacuous" not where something was', () => {
    expect(matchOf(design, 's', property('vacuous'))).toBe('open')
    expect(matchOf(design, 's', property('vacuous', 'bad'))).toBe('missed')
    expect(matchOf(design, 's', property('vacuous', 'empty'))).toBe('expected')
    expect(matchOf(design, 's', property('holds', 'empty'))).toBe('different')
    expect(matchOf(design, 's', property('violated', 'empty'))).toBe('unexpected')
    expect(matchOf(design, 's', property('inconclusive', 'empty'))).toBe('open')
    // Nor up to a fault, where that was never reached with anything to judge.
    const early = { ...property('inconclusive'), upTo: 'fault', antecedent: 0 }
    expect(matchOf(design, 's', early)).toBe('open')
    expect(matchOf(design, 's', { ...early, id: 'empty' })).toBe('expected')
    expect(matchOf(design, 's', property('not-applicable'))).toBe('expected')
    expect(matchOf(design, 's', property('not-applicable', 'bad'))).toBe('missed')
  })

  it('of witnesses are that they are reached where nothing is listed', () => {
    expect(matchOf(design, 's', witness('reached'))).toBe('expected')
    expect(matchOf(design, 's', witness('not-reached'))).toBe('open')
    expect(matchOf(design, 's', witness('not-reached', 'unseen'))).toBe('expected')
    expect(matchOf(design, 's', witness('reached', 'unseen'))).toBe('different')
    expect(matchOf(design, 's', { ...witness('inconclusive'), upTo: 'fault', antecedent: 0 })).toBe('open')
  })

  it('that are not met decide the status', () => {
    expect(statusesOf(design, report([property('violated', 'bad')], true))).toEqual([])
    expect(statusesOf(design, report([property('holds', 'bad')], true))).toEqual([3])
    expect(statusesOf(design, report([property('violated')], true))).toEqual([1])
    expect(statusesOf(design, report([property('violated', 'bad')], false))).toEqual([4])
    expect(statusesOf(design, report([property('vacuous')], true))).toEqual([4])
    expect(statusesOf(design, report([property('vacuous', 'bad')], true))).toEqual([3])
    expect(statusesOf(design, report([property('holds', 'empty')], true))).toEqual([3])
    expect(statusesOf(design, report([witness('not-reached')], true))).toEqual([4])
  })
})
