import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { UsageError } from './errors.ts'
import { count, firstIssue, readOptions, searchOptions, seconds } from './options.ts'

const one = z.object({
  maxStates: count().optional(),
  timeLimit: seconds.optional(),
  few: count(10).optional(),
})

describe('limits', () => {
  it('are whole numbers of at least 1', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), (n) => {
        expect(readOptions(one, { maxStates: String(n) }).maxStates).toBe(n)
      }),
    )
  })

  it.each(['0', '-1', '1.5', 'NaN', 'Infinity', 'ten', '', ' 3', '1e3', '0x10', '99999999999999999999'])(
    'are not "%s"',
    (text) => {
      expect(() => readOptions(one, { maxStates: text })).toThrow(UsageError)
    },
  )

  it('of anything else are refused, never read as some number', () => {
    fc.assert(
      fc.property(
        fc.string().filter((s) => !/^\d+$/.test(s)),
        (text) => {
          expect(() => readOptions(one, { maxStates: text })).toThrow(/^--max-states: must be a whole number/)
        },
      ),
    )
  })

  it('of time may have decimals and must be above 0', () => {
    expect(readOptions(one, { timeLimit: '0.5' }).timeLimit).toBe(0.5)
    for (const text of ['0', '0.0', '-1', 'NaN', '.5', '5.', 'soon']) {
      expect(() => readOptions(one, { timeLimit: text })).toThrow(
        /^--time-limit: must be a number of seconds/,
      )
    }
  })

  it('have a largest value where that makes sense', () => {
    expect(() => readOptions(one, { few: '11' })).toThrow('--few: must be at most 10, not "11"')
  })
})

describe('search options', () => {
  it('default to a search of everything', () => {
    expect(readOptions(searchOptions, {})).toEqual({ search: 'bfs' })
  })

  it('name the choices', () => {
    expect(() => readOptions(searchOptions, { storage: 'disk' })).toThrow(
      '--storage: must be one of exact, fingerprint, not "disk"',
    )
  })

  it('take a seed of 32 bits', () => {
    expect(readOptions(searchOptions, { seed: '0' }).seed).toBe(0)
    expect(() => readOptions(searchOptions, { seed: '4294967296' })).toThrow(UsageError)
  })
})

describe('firstIssue', () => {
  it('says where in a file', () => {
    const shape = z.object({ list: z.array(z.object({ name: z.string() })) })
    const parsed = shape.safeParse({ list: [{ name: 'a' }, { name: 3 }] })
    expect(parsed.error && firstIssue(parsed.error)).toMatch(/^list\[1\]\.name: .*expected string/)
  })
})
