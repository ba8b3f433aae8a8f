import { describe, expect, it } from 'vitest'
import { flawsOf, rowsIn } from './diagrams.ts'

describe('a text that cannot be pasted', () => {
  it.each([
    ['tab', 'a\tb', 'a character that is not printable ASCII'],
    ['letter outside ASCII', 'caf\u00e9', 'a character that is not printable ASCII'],
    ['long line', `ok\n${'x'.repeat(76)}`, 'line 2 has 76 columns'],
    ['trailing blank', 'a \nb', 'line 1 ends with a blank'],
  ])('has a %s', (_, text, flaw) => expect(flawsOf(text)).toEqual([flaw]))
})

it('rows are counted from the names of the lanes to the mark', () => {
  expect(
    rowsIn('At the beginning:\n\n  CPU0    CPU1\n  ----    ----\n  a\n          b\n  <--- BUG: p\n'),
  ).toBe(2)
})
