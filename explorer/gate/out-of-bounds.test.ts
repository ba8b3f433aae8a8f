import { expect, it } from 'vitest'
import { scenarioOutside } from '../../model/scenarios/build-scenario.ts'
import { HUGE_PAGE_REMAPPED } from '../../model/scenarios/shadow/unexpected-child.ts'
import { properties } from '../../properties/index.ts'
import { breadthFirst } from '../search/breadth-first.ts'

const judged = properties.filter(({ id }) =>
  ['scenario-has-enough-shadow-pages', 'no-deadlock', 'every-access-can-finish', 'page-on-one-list'].includes(
    id,
  ),
)

/** The verdicts of a scenario that needs three shadow pages at most. */
function verdicts(pages: number): Record<string, string> {
  const { bounds, ...plan } = HUGE_PAGE_REMAPPED
  const small = scenarioOutside({ ...plan, bounds: { ...bounds, shadow: { ...bounds.shadow, pages } } })
  const found = breadthFirst(small.build(), judged).properties
  return Object.fromEntries(found.map(({ id, verdict }) => [id, verdict]))
}

it('running out of shadow pages is reported: safety is inconclusive, and there is no deadlock', () => {
  expect(verdicts(1)).toEqual({
    'scenario-has-enough-shadow-pages': 'violated',
    'no-deadlock': 'inconclusive',
    // A behaviour that is cut off reaches no goal; the violated bound beside it says why.
    'every-access-can-finish': 'violated',
    'page-on-one-list': 'inconclusive',
  })
  expect(new Set(Object.values(verdicts(3)))).toEqual(new Set(['holds']))
})
