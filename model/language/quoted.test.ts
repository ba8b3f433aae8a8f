import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { printableJson, quoted, quotedPath } from './quoted.ts'

/** Code points that no terminal may see, as ranges: written independently of the code that finds them. */
const FORBIDDEN: readonly (readonly [string, number, number])[] = [
  ['C0', 0x00, 0x1f],
  ['DEL and C1', 0x7f, 0x9f],
  ['no-break space', 0xa0, 0xa0],
  ['soft hyphen', 0xad, 0xad],
  ['Arabic letter mark', 0x61c, 0x61c],
  ['Hangul fillers', 0x115f, 0x1160],
  ['spaces, zero-width characters and marks of direction', 0x2000, 0x200f],
  ['separators and embeddings', 0x2028, 0x202f],
  ['joiners and isolates', 0x205f, 0x206f],
  ['ideographic space', 0x3000, 0x3000],
  ['Hangul filler', 0x3164, 0x3164],
  ['surrogates', 0xd800, 0xdfff],
  ['private use', 0xe000, 0xf8ff],
  ['variation selectors', 0xfe00, 0xfe0f],
  ['byte order mark', 0xfeff, 0xfeff],
  ['specials', 0xfff0, 0xfffb],
  ['tags', 0xe0000, 0xe0fff],
]

const isForbidden = (character: string): boolean => {
  const code = character.codePointAt(0) as number
  return FORBIDDEN.some(([, from, to]) => from <= code && code <= to)
}

/** Text with far more of what is forbidden than chance would give. */
const hostile = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.constantFrom(
        '\n',
        '\r\n',
        '\x1b[2K',
        '\u202e',
        '\u2028',
        '\ud800',
        '\\',
        '"',
        'mmucheck: 0 violated',
      ),
      fc.nat(0xffff).map((unit) => String.fromCharCode(unit)),
      fc
        .constantFrom(...FORBIDDEN)
        .chain(([, from, to]) => fc.integer({ min: from, max: to }))
        .map((code) => String.fromCodePoint(code)),
    ),
    { maxLength: 100 },
  )
  .map((parts) => parts.join(''))

describe('quoted text', () => {
  it('is one line of printable characters and bounded, whatever it was', () => {
    fc.assert(
      fc.property(hostile, fc.integer({ min: 40, max: 500 }), (text, most) => {
        const result = quoted(text, most)
        expect([...result].filter(isForbidden)).toEqual([])
        expect(result.length).toBeLessThanOrEqual(most)
      }),
    )
  })

  it('is the text itself where that is printable and short', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii', maxLength: 200 }), (text) => {
        expect(quoted(text)).toBe(text)
      }),
    )
    for (const text of [
      '',
      'out/ce-88034de1.json',
      'Z\u00fcrich',
      '\u65e5\u672c\u8a9e',
      '\u{1f600}',
      'a  b',
      'C:\\x',
    ]) {
      expect(quoted(text)).toBe(text)
    }
  })

  it('does not change when it is quoted again', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        expect(quoted(quoted(text))).toBe(quoted(text))
      }),
    )
  })

  it('shows what was there', () => {
    expect(quoted('a\nb\tc\r')).toBe('a\\nb\\tc\\r')
    expect(quoted('\x1b[31m\u202e\u{e0041}\ud800')).toBe('\\u{1b}[31m\\u{202e}\\u{e0041}\\u{d800}')
  })

  it('says that it was cut, and how long it was', () => {
    const long = 'x'.repeat(201)
    expect(quoted(long)).toBe(`${'x'.repeat(180)}... (201 characters)`)
    expect(quoted(long, 201)).toBe(long)
    // Neither an escape nor a character of two units is torn.
    expect(quoted('\u202e'.repeat(100), 50)).toBe(`${'\\u{202e}'.repeat(3)}... (100 characters)`)
    expect(quotedPath(`/${long}`)).toBe(`/${long}`)
  })
})

describe('printable JSON', () => {
  it('is printable, and means the same value', () => {
    fc.assert(
      fc.property(
        fc.dictionary(hostile, fc.array(hostile, { maxLength: 3 }), { noNullPrototype: true }),
        (value) => {
          const text = printableJson(value)
          expect([...text].filter((c) => c !== '\n' && isForbidden(c))).toEqual([])
          expect(JSON.parse(text)).toEqual(value)
        },
      ),
    )
  })
})
