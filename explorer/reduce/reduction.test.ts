import { expect, test } from 'vitest'
import { OUT_OF_PATIENCE } from '../search/limits.ts'
import { better, isTooLarge } from './reduction.ts'

const outcome = (incompleteReason: string | null, ...verdicts: string[]) => ({
  complete: incompleteReason === null,
  incompleteReason,
  properties: verdicts.map((verdict) => ({ verdict })),
})
const large = outcome('more than 9 states (--max-states)', 'inconclusive')

test('only a bound on size, before anything was found, makes a smaller search worth while', () => {
  expect(isTooLarge(large)).toBe(true)
  expect(isTooLarge(outcome('9 s passed (--time-limit)', 'inconclusive'))).toBe(false)
  expect(isTooLarge(outcome('more than 9 states (--max-states)', 'violated'))).toBe(false)
  expect(isTooLarge(outcome(null, 'holds'))).toBe(false)
})

test('the smaller search counts when it says more; else its reason counts when it is another', () => {
  const done = outcome(null, 'holds')
  const found = outcome('interrupted', 'violated')
  expect(better(large, done)).toBe(done)
  expect(better(large, found)).toBe(found)
  expect(better(large, outcome('1 MiB used (--memory-limit)', 'inconclusive'))).toBe(large)
  expect(better(large, outcome('interrupted', 'inconclusive'))).toEqual({
    ...large,
    incompleteReason: 'interrupted',
  })
  expect(better(large, outcome(OUT_OF_PATIENCE, 'inconclusive'))).toEqual({
    ...large,
    incompleteReason: `more than 9 states (--max-states); ${OUT_OF_PATIENCE}`,
  })
})
