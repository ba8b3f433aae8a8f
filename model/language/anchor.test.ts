import { describe, expect, it } from 'vitest'
import { anchorIn, compareVersions } from './anchor.ts'

describe('an anchor', () => {
  it('without versions is in the function of its step, in every version', () => {
    expect(anchorIn('flush(', 'f', 'v6.1')).toEqual({ fn: 'f', callees: [], statements: ['flush('] })
    expect(anchorIn(['a(', 'b('], 'f', 'v7.2')).toEqual({ fn: 'f', callees: [], statements: ['a(', 'b('] })
  })

  it('is that of the newest version that is not newer', () => {
    const anchor = { 'v6.12': 'new(', 'v6.2': 'old(' } as const
    expect(
      ['v6.1', 'v6.2', 'v6.11', 'v6.12', 'v7.2'].map((v) => anchorIn(anchor, 'f', v)?.statements),
    ).toEqual([undefined, ['old('], ['old('], ['new('], ['new(']])
  })

  it('may be in another function, or end', () => {
    const anchor = { 'v6.1': { fn: 'g', at: 'x =' }, 'v6.12': 'y =', 'v7.2': null } as const
    expect(anchorIn(anchor, 'f', 'v6.1')).toEqual({ fn: 'g', callees: [], statements: ['x ='] })
    expect(anchorIn(anchor, 'f', 'v6.12')).toEqual({ fn: 'f', callees: [], statements: ['y ='] })
    expect(anchorIn(anchor, 'f', 'v7.2')).toBeNull()
  })

  it('may be in a function that its own one calls', () => {
    const anchor = { callee: 'g', at: 'x =' } as const
    expect(anchorIn(anchor, 'f', 'v6.1')).toEqual({ fn: 'f', callees: ['g'], statements: ['x ='] })
    expect(anchorIn({ 'v6.1': anchor }, 'f', 'v7.2')).toEqual({
      fn: 'f',
      callees: ['g'],
      statements: ['x ='],
    })
  })

  it('is nowhere for a step that stands for no C', () => {
    expect(anchorIn({ none: 'model' }, 'f', 'v7.2')).toBeNull()
  })
})

describe('versions', () => {
  it('are compared number by number', () => {
    const sorted = ['v7.2', 'v6.12', 'v6.1', 'v6.12.117', 'v6.2'].sort(compareVersions)
    expect(sorted).toEqual(['v6.1', 'v6.2', 'v6.12', 'v6.12.117', 'v7.2'])
    expect(compareVersions('v6.12', 'v6.12')).toBe(0)
  })
})
