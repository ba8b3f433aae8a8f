import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { listed, sentence, table, wrap, wrapLines } from './text-layout.ts'

describe('wrap', () => {
  it.each([
    ['short', 10, ['short']],
    ['one two three', 8, ['one two', '  three']],
    [
      'kvm_make_all_cpus_request(KVM_REQ_TLB_FLUSH)',
      30,
      ['kvm_make_all_cpus_request(', '  KVM_REQ_TLB_FLUSH)'],
    ],
    ['f(LONG_ARGUMENT, x)', 15, ['f(', ' LONG_ARGUMENT,', '  x)']],
    ['abcdefghijklmnopqrstuvwxyz', 10, ['abcdefghij', 'klmnopqrst', '  uvwxyz']],
    ['  spaces   and\n\ttabs ', 40, ['spaces and tabs']],
    ['', 10, ['']],
  ])('%j in %i columns', (text, width, lines) => {
    expect(wrap(text, width)).toEqual(lines)
  })

  it('keeps to the width and loses nothing but spaces', () => {
    const words = fc.array(fc.stringMatching(/^[a-z_(,=)&>-]{1,40}$/), { minLength: 1, maxLength: 20 })
    fc.assert(
      fc.property(words, fc.integer({ min: 20, max: 75 }), (list, width) => {
        const text = list.join(' ')
        const lines = wrap(text, width)
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(width)
        expect(lines.join('').replace(/\s/g, '')).toBe(text.replace(/\s/g, ''))
      }),
    )
  })

  it('with slack, a long word may begin left of the text', () => {
    expect(wrapLines('f(ABCDEFGHIJKL)', 10, 2, 4)).toEqual([
      { indent: 0, text: 'f(' },
      { indent: -3, text: 'ABCDEFGHIJKL)' },
    ])
    expect(wrapLines('kvm_put_kvm() = true', 10, 2, 4)).toEqual([
      { indent: -3, text: 'kvm_put_kvm()' },
      { indent: 2, text: '= true' },
    ])
  })
})

it('listed', () => {
  expect([[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map(listed)).toEqual(['', 'a', 'a and b', 'a, b and c'])
})

it('sentence', () => {
  expect(['a', 'a.', ' a! ', 'a?'].map(sentence)).toEqual(['a.', 'a.', 'a!', 'a?'])
})

it('table', () => {
  expect(
    table([
      ['field', 'before', 'now'],
      ['mmu_lock', '0', '1'],
    ]),
  ).toEqual(['field     before  now', 'mmu_lock  0       1'])
})
