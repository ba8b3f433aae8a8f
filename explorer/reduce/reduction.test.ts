import { expect, it } from 'vitest'
import type { StopReason } from '../search/stop-reason.ts'
import { better, isTooLarge } from './reduction.ts'

const outcome = (incompleteReason: StopReason | null, ...verdicts: string[]) => ({
  complete: incompleteReason === null,
  incompleteReason,
  properties: verdicts.map((verdict) => ({ verdict })),
})
const manyStates: StopReason = { kind: 'max-states', states: 9 }
const tooSlow: StopReason = { kind: 'retry-too-slow', times: 50, first: null }
const large = outcome(manyStates, 'inconclusive')

it('only a bound on size, before anything was found, makes a smaller search worth while', () => {
  expect(isTooLarge(large)).toBe(true)
  expect(isTooLarge(outcome({ kind: 'time-limit', seconds: 9 }, 'inconclusive'))).toBe(false)
  expect(isTooLarge(outcome(manyStates, 'violated'))).toBe(false)
  expect(isTooLarge(outcome(null, 'holds'))).toBe(false)
  const full: StopReason = { kind: 'table-full', table: 'transition records' }
  expect(isTooLarge(outcome(full, 'inconclusive'))).toBe(true)
  // What a model says of itself is no bound.
  const message = 'the table of x cannot be larger than --max-states'
  expect(isTooLarge(outcome({ kind: 'model-error', message }, 'inconclusive'))).toBe(false)
})

it('the smaller search counts when it says more; else its reason counts when it is another', () => {
  const done = outcome(null, 'holds')
  const found = outcome({ kind: 'interrupted' }, 'violated')
  expect(better(large, done)).toBe(done)
  expect(better(large, found)).toBe(found)
  expect(better(large, outcome({ kind: 'memory-limit', mebibytes: 1 }, 'inconclusive'))).toBe(large)
  expect(better(large, outcome({ kind: 'interrupted' }, 'inconclusive'))).toEqual({
    ...large,
    incompleteReason: { kind: 'interrupted' },
  })
  expect(better(large, outcome(tooSlow, 'inconclusive'))).toEqual({
    ...large,
    incompleteReason: { ...tooSlow, first: manyStates },
  })
})
