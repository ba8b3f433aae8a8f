import { expect, it } from 'vitest'
import type { Property } from '../../model/language/property.ts'
import { resultsOf } from './verdicts.ts'

it('what was found counts though the way to it is not known', () => {
  const properties: Property<unknown>[] = [
    { kind: 'invariant', id: 'kept', title: 'Kept', holds: () => true },
    { kind: 'invariant', id: 'broken', title: 'Broken', holds: () => true },
    { kind: 'witness', id: 'seen', title: 'Seen', seen: () => true },
  ]
  const decided = { states: 9, stateGraph: null }
  const found = new Map([
    ['broken', null],
    ['seen', null],
  ])
  const results = resultsOf(properties, [1, 2, 3], found, { ...decided, complete: true })
  expect(results.map(({ verdict, trace, reason }) => [verdict, trace, reason])).toEqual([
    ['holds', null, null],
    ['violated', null, { kind: 'no-trace' }],
    ['reached', null, { kind: 'no-trace' }],
  ])
  expect(resultsOf(properties, [1, 2, 3], found, { ...decided, complete: false })[0].verdict).toBe(
    'inconclusive',
  )
})
