import { describe, expect, it } from 'vitest'
import { properties } from '../../../properties/index.ts'
import { Oops } from '../../language/property.ts'
import { count_down } from './asserted.ts'

const COUNTERS = [
  'mmu_invalidate_in_progress',
  'mn_active_invalidate_count',
  'gfn_write_track',
  'users_count',
  'module_refs',
] as const

describe.each(COUNTERS)('%s', (counter) => {
  it('goes down to 0', () => {
    expect([count_down(counter, 2), count_down(counter, 1)]).toEqual([1, 0])
  })

  it('is an oops below 0, which violates a property', () => {
    let oops: unknown
    try {
      count_down(counter, 0)
    } catch (error) {
      oops = error
    }
    expect(oops).toBeInstanceOf(Oops)
    const { property, message } = oops as Oops
    expect(message).toBe(`${counter} = -1`)
    expect(properties.find(({ id }) => id === property)?.kind).toBe('fault')
  })
})
