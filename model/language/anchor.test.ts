import { describe, expect, it } from 'vitest'
import { anchorIn, compareVersions } from './anchor.ts'

describe('an anchor', () => {
  it('without versions is in the function of its step, in every version', () => {
    expect(anchorIn('flush(', 'f', '6.1')).toEqual({ fn: 'f', statements: ['flush('] })
    expect(anchorIn(['a(', 'b('], 'f', '7.2')).toEqual({ fn: 'f', statements: ['a(', 'b('] })
  })

  it('is that of the newest version that is not newer', () => {
    const anchor = { '6.12': 'new(', '6.2': 'old(' } as const
    expect(['6.1', '6.2', '6.11', '6.12', '7.2'].map((v) => anchorIn(anchor, 'f', v)?.statements)).toEqual([
      undefined,
      ['old('],
      ['old('],
      ['new('],
      ['new('],
    ])
  })

  it('may be in another function, or end', () => {
    const anchor = { '6.1': { fn: 'g', at: 'x =' }, '6.12': 'y =', '7.2': null } as const
    expect(anchorIn(anchor, 'f', '6.1')).toEqual({ fn: 'g', statements: ['x ='] })
    expect(anchorIn(anchor, 'f', '6.12')).toEqual({ fn: 'f', statements: ['y ='] })
    expect(anchorIn(anchor, 'f', '7.2')).toBeNull()
  })

  it('is nowhere for a step that stands for no C', () => {
    expect(anchorIn({ none: 'hardware' }, 'f', '7.2')).toBeNull()
  })
})

describe('versions', () => {
  it('are compared number by number', () => {
    const sorted = ['7.2', '6.12', '6.1', '6.12.117', '6.2'].sort(compareVersions)
    expect(sorted).toEqual(['6.1', '6.2', '6.12', '6.12.117', '7.2'])
    expect(compareVersions('6.12', '6.12')).toBe(0)
  })
})
