import { describe, expect, it } from 'vitest'
import { inOrder, placed } from './placed.ts'

describe('contributions to a list', () => {
  it('come in the order of their places, not of registration', () => {
    expect(inOrder('steps', [placed(20, 'c'), placed(10, 'a', 'b'), placed(-1, 'z')])).toEqual([
      'z',
      'a',
      'b',
      'c',
    ])
  })

  it('may not claim the same place, unless one of them is empty', () => {
    expect(() => inOrder('steps', [placed(10, 'a'), placed(10, 'b')])).toThrow(
      'steps: two features contribute at place 10',
    )
    expect(inOrder('steps', [placed(10, 'a'), placed<string>(10)])).toEqual(['a'])
  })
})
