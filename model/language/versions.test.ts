import { describe, expect, it } from 'vitest'
import { compareVersions, includesRelease, type Release } from './versions.ts'

const OLD: Release = { mainline: 'v6.1', stable: 'v6.1.192' }
const NEW: Release = { mainline: 'v6.12', stable: 'v6.12.117' }

describe('versions', () => {
  it('are compared number by number', () => {
    const mixed = ['v6.12', 'v2.6.37', 'v6.2', 'v5.19', 'v6.1.192', 'v6.1']
    expect(mixed.sort(compareVersions)).toEqual(['v2.6.37', 'v5.19', 'v6.1', 'v6.1.192', 'v6.2', 'v6.12'])
  })

  it.each(['6.12', 'v6', 'v6.x', 'any', ''])('refuse %j', (text) => {
    expect(() => compareVersions('v6.1', text)).toThrow('is no version of Linux')
  })
})

describe('ranges', () => {
  it.each([
    ['v5.18..v7.2', true, true],
    ['v6.2..v7.2', false, true],
    ['..v6.8', true, false],
    ['v6.12', false, true],
    ['v7.2, v6.1.192, v6.12.117', true, true],
    ['v7.2, v6.1.191', false, false],
    ['hardware', true, true],
    ['history', false, false],
  ])('%s includes 6.1.192: %s, 6.12.117: %s', (range, inOld, inNew) => {
    expect([includesRelease(range, OLD), includesRelease(range, NEW)]).toEqual([inOld, inNew])
  })

  it.each([
    ['v6.12..v6.1', 'ends before it begins'],
    ['v6.1..', 'is no version of Linux'],
    ['v6.1, any', 'is no version of Linux'],
    ['x86', 'is no version of Linux'],
  ])('refuse %j', (range, why) => {
    expect(() => includesRelease(range, NEW)).toThrow(why)
  })
})
