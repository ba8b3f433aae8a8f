import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { conditionOf, ExpressionError } from './expression.ts'
import { variablesOf } from './state-variables.ts'
import { replayedOf, zapVersusEnter } from './testing/small-systems.ts'

const { system, states } = replayedOf(zapVersusEnter())
const variables = variablesOf(system).all
const last = states[states.length - 1]
const holds = (text: string, state = last): boolean => conditionOf(text, variables)(state)

describe('a condition', () => {
  it.each([
    ['root_page[0].invalid', true],
    ['!root_page[0].invalid', false],
    ['root_page0.invalid == 1 && mode == IN_GUEST', true],
    ['mode == OUTSIDE || root_page[1].invalid', false],
    ['mode != OUTSIDE', true],
    ['root_hpa == root 0', true],
    ['root_hpa == 0', true],
    ['root_hpa == none', false],
    ['root_hpa != none', true],
    ['root_hpa < 1', true],
    ['root_hpa >= 1', false],
    ['mode < 3', false],
    ['requests', false],
    ['requests has MMU_FREE_OBSOLETE_ROOTS', false],
    ['zap0.at == "ZAP.4"', true],
    ['at.zap[0] == "ZAP.3"', false],
    ['!(mode == OUTSIDE) && (root_page[1].invalid || root_page[0].invalid)', true],
    ['root_page[1].invalid && root_page[1].invalid || mode == IN_GUEST', true],
    ['root_page[0].invalid == root_page[1].invalid', false],
  ])('%s is %s at the end', (text, value) => expect(holds(text)).toBe(value))

  it('asks a set for a name', () => {
    expect(holds('requests has MMU_FREE_OBSOLETE_ROOTS', states[2])).toBe(true)
    expect(holds('requests has TLB_FLUSH', states[2])).toBe(false)
  })

  it.each([
    ['', 'a variable or a value is missing at the end'],
    ['mode ==', 'a variable or a value is missing at the end'],
    ['mode == == 1', '"==" at column 9 is not expected there'],
    ['(mode == OUTSIDE', 'a bracket is not closed'],
    ['mode == OUTSIDE)', '")" at column 16 is not expected there'],
    ['mood == OUTSIDE', 'there is no variable mood (column 1); s TEXT lists some'],
    [
      'mode == root_page[7].invalid',
      'there is no variable root_page[7].invalid (column 9); s TEXT lists some',
    ],
    ['mode = 1', '"= 1" at column 6 makes no sense'],
    ['process.exit(1)', 'there is no variable process.exit (column 1); s TEXT lists some'],
    ['constructor', 'there is no variable constructor (column 1); s TEXT lists some'],
    ['mode == `x`', '"`x`" at column 9 makes no sense'],
    ['!'.repeat(60), 'more than 50 brackets or "!" in each other'],
    ['a'.repeat(1001), 'a condition has at most 1000 characters'],
  ])('%s is refused', (text, message) => {
    expect(() => holds(text)).toThrow(new ExpressionError(message))
  })

  it('is parsed or refused, whatever it is', () => {
    const part = fc.constantFrom(
      'mode',
      '==',
      '&&',
      '||',
      '!',
      '(',
      ')',
      '1',
      'has',
      'requests',
      '"x"',
      '\u202e',
      '[',
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(part, fc.string()), { maxLength: 12 }), (parts) => {
        try {
          expect(typeof holds(parts.join(' '))).toBe('boolean')
        } catch (error) {
          expect(error).toBeInstanceOf(ExpressionError)
          expect((error as Error).message).toMatch(/^[ -~]+$/)
        }
      }),
    )
  })
})
