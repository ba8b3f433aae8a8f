import { expect, it } from 'vitest'
import { scenarioOutside } from '../../model/scenarios/build-scenario.ts'
import { HUGE_PAGE_REMAPPED } from '../../model/scenarios/shadow/unexpected-child.ts'
import { properties } from '../../properties/index.ts'
import { breadthFirst } from '../search/breadth-first.ts'

const judged = properties.filter(({ id }) =>
  ['no-deadlock', 'every-access-can-finish', 'page-on-one-list'].includes(id),
)

/** The result for a scenario that needs three shadow pages at most. */
function search(pages: number) {
  const { bounds, ...plan } = HUGE_PAGE_REMAPPED
  const small = scenarioOutside({ ...plan, bounds: { ...bounds, shadow: { ...bounds.shadow, pages } } })
  const { incompleteReason, properties } = breadthFirst(small.build(), judged)
  return { incompleteReason, verdicts: new Set(properties.map(({ verdict }) => verdict)) }
}

it('running out of shadow pages is inconclusive, and there is no deadlock', () => {
  expect(search(1)).toEqual({
    incompleteReason: { kind: 'out-of-bounds', bound: 'shadow.pages' },
    verdicts: new Set(['inconclusive']),
  })
  expect(search(3)).toEqual({ incompleteReason: null, verdicts: new Set(['holds']) })
})
