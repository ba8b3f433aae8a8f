import { expect, it } from 'vitest'
import { sort } from '../../model/language/shapes.ts'
import type { StopReason } from '../search/stop-reason.ts'
import { better, isTooLarge, strategiesFor } from './reduction.ts'

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

it('of two permutations symmetry comes second, unless it is asked for', () => {
  const first = (reduce: 'all' | 'symmetry' | 'por' | 'none', ...sizes: number[]) => {
    const symmetric = sizes.map((size) => sort('s', size))
    const [{ stage, symmetry, partialOrder }, ...rest] = strategiesFor(reduce, { symmetric })
    return { stage, symmetry, partialOrder, later: rest.map((strategy) => strategy.stage) }
  }
  const main = { stage: 'main', symmetry: false, partialOrder: false, later: [] }
  expect(first('all', 2)).toEqual({ ...main, later: ['symmetry', 'partial-order'] })
  expect(first('all', 1, 2)).toEqual(first('all', 2))
  for (const sizes of [[3], [2, 2], [], [1]])
    expect(first('all', ...sizes)).toEqual({ ...main, symmetry: true, later: ['partial-order'] })
  expect(first('symmetry', 2)).toEqual({ ...main, symmetry: true })
  expect(first('por', 2)).toEqual({ ...main, partialOrder: true })
  expect(first('none', 2)).toEqual(main)
})
