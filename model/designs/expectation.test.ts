import { describe, expect, it } from 'vitest'
import { isAsExpected, vacuous, violated } from './expectation.ts'

const found = (verdict: string, more: object = {}) => ({
  id: 'p',
  kind: 'invariant',
  verdict,
  antecedent: 0,
  upTo: null,
  ...more,
})
const design = { expect: [] }

describe('what a design expects of a property that it does not list', () => {
  it('is that it holds, or that it is not applicable where it was not asked for', () => {
    expect(isAsExpected(design, 's', found('holds', { antecedent: 1 }))).toBe(true)
    expect(isAsExpected(design, 's', found('violated'))).toBe(false)
    expect(isAsExpected(design, 's', found('vacuous'))).toBe(false)
    expect(isAsExpected(design, 's', found('not-applicable', { asked: false }))).toBe(true)
  })

  it('is met up to an oops by what was judged before it, or was not asked for', () => {
    const upTo = { upTo: 'no-use-after-free' }
    expect(isAsExpected(design, 's', found('inconclusive', { ...upTo, antecedent: 1 }))).toBe(true)
    expect(isAsExpected(design, 's', found('inconclusive', upTo))).toBe(false)
    expect(isAsExpected(design, 's', found('inconclusive', { ...upTo, asked: false }))).toBe(true)
    expect(isAsExpected(design, 's', found('inconclusive', { asked: false }))).toBe(false)
  })

  it('is never met by what was not asked for where a violation is listed', () => {
    const breaks = { expect: violated('s', 'p') }
    const upTo = { upTo: 'no-use-after-free', asked: false }
    expect(isAsExpected(breaks, 's', found('inconclusive', upTo))).toBe(false)
    expect(isAsExpected(breaks, 's', found('not-applicable', upTo))).toBe(false)
    expect(isAsExpected({ expect: vacuous('why', 's', 'p') }, 's', found('inconclusive', upTo))).toBe(true)
  })
})
