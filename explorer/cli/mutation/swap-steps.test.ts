import { describe, expect, it } from 'vitest'
import { applyPatches } from '../../../model/language/patch.ts'
import { block, program, step, stepPaths } from '../../../model/language/program.ts'
import { swapSteps } from './swap-steps.ts'

const does = { does: () => {} }
const zapper = program<never>(
  'zapper',
  '',
  [
    step('Z.1', {}, does),
    step('Z.2', {}, { ...does, to: 'Z.4' }),
    step('Z.3', {}, [{ when: () => true, to: 'Z.6' }, {}]),
    step('Z.4', {}, does),
    block('Z.5', [step('test', {}, does), step('send', {}, does)], { fn: 'flush' }),
    step('Z.6', {}, does),
    step('guest', { since: 'guest' }, does),
    step('Z.7', {}, does),
    step('Z.8', {}),
  ],
  { fn: 'zap' },
)
const mutants = swapSteps.mutants([zapper])

describe('the statements that can be swapped', () => {
  it('follow one another in a function, without a label or a goto between them', () => {
    // Z.2 always jumps; Z.4 and Z.6 are labels; the guest is no statement.
    expect(mutants.map(({ id, equivalent }) => [id, equivalent === null])).toEqual([
      ['Z.5 before Z.4 in zap()', true],
      ['Z.8 before Z.7 in zap()', false],
      ['send before test in flush()', true],
    ])
  })

  it('change places', () => {
    const order = (n: number): string[] => stepPaths(applyPatches([zapper], mutants[n].patches)[0].entries)
    expect(order(0).slice(3, 6)).toEqual(['Z.5/test', 'Z.5/send', 'Z.4'])
    expect(order(2).slice(4, 6)).toEqual(['Z.5/send', 'Z.5/test'])
  })
})
