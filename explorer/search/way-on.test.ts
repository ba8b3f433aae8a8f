import { describe, expect, it } from 'vitest'
import { NO_NULL_POINTER, onlyOopses } from '../../counterexamples/testing/small-systems.ts'
import { referenceRun } from '../../model/language/reference.ts'
import { wayOnIn } from './way-on.ts'

const { system } = onlyOopses({ rests: false })
const { states } = referenceRun(system, { initial: 0, steps: [{ thread: 'vcpu', step: 'free' }] })
const walked = (world: never): boolean => (world as { walked: boolean }).walked

describe('the way on from where only oopses are left', () => {
  it('is the shortest', () => {
    const way = wayOnIn(system, { faults: [NO_NULL_POINTER] })(states[1], walked)
    expect(way?.steps).toEqual([{ thread: 'vcpu', step: 'at once' }])
  })

  it('is not known where a limit stopped the search', () => {
    expect(wayOnIn(system, { faults: [NO_NULL_POINTER], maxStates: 1 })(states[1], walked)).toBeNull()
  })

  it('is not known where no property names the oops', () => {
    expect(wayOnIn(system)(states[1], walked)).toBeNull()
  })
})
