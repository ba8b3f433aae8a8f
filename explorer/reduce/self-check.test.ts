import { describe, expect, it } from 'vitest'
import { program, step } from '../../model/language/program.ts'
import type { Property } from '../../model/language/property.ts'
import { array, range, sort, struct, type View } from '../../model/language/shapes.ts'
import { compose, each } from '../../model/language/system.ts'
import { breadthFirst } from '../search/breadth-first.ts'
import type { SearchResult } from '../search/result.ts'
import { contradictions } from './self-check.ts'

const counters = sort('counter', 3)
const world = struct({ ticks: array(counters, range(0, 2)) })
type World = View<typeof world>

const ticker = program<World>('ticker', 'counts to two and stops', [
  step(
    'T.1',
    {},
    {
      when: (w, self) => w.ticks[self] < 2,
      does: (w, self) => {
        w.ticks[self]++
      },
      to: 'T.1',
    },
  ),
])
const system = compose({
  name: 'tickers',
  world,
  threads: [each(counters, ticker)],
  initial: [() => {}],
  symmetric: [counters],
})
const all = (w: World): number => w.ticks[0] + w.ticks[1] + w.ticks[2]
const properties: readonly Property<World>[] = [
  { kind: 'invariant', id: 'few', title: '', given: (w) => all(w) > 1, holds: (w) => all(w) < 4 },
  { kind: 'deadlock', id: 'no-end', title: '' },
]

const full = breadthFirst(system, properties)
const symmetric = breadthFirst(system, properties, { reduce: 'symmetry' })
const ordered = breadthFirst(system, properties, { reduce: 'por' })

const altered = (result: SearchResult, change: Partial<SearchResult>) => ({
  ...result,
  ...change,
})
const few = (change: object): Partial<SearchResult> => ({
  properties: [{ ...symmetric.properties[0], ...change }, symmetric.properties[1]],
})

describe('a reduced search and the full one', () => {
  it('agree', () => {
    expect([full.states, symmetric.states]).toEqual([27, 10])
    for (const reduced of [symmetric, ordered]) expect(contradictions(reduced, full)).toEqual([])
  })

  it.each<[string, Partial<SearchResult>, string]>([
    ['verdict', few({ verdict: 'holds' }), 'few: holds in the reduced search, violated in the full one'],
    [
      'vacuity',
      few({ antecedent: 0 }),
      'what few applies to: none in the reduced search, some in the full one',
    ],
    [
      'length',
      few({ trace: { initial: 0, steps: [] } }),
      'steps to few: 0 in the reduced search, 4 in the full',
    ],
    ['size', { states: 28 }, 'states: 28 in the reduced search, 27 in the full one'],
    ['deadlocks', { deadlocks: 0 }, 'deadlocks: none in the reduced search, some in the full one'],
    ['depth', { depth: 5 }, 'depth: 5 in the reduced search, 6 in the full one'],
  ])('differ in %s', (_, change, message) => {
    expect(contradictions(altered(symmetric, change), full)).toEqual([expect.stringContaining(message)])
  })

  it('may differ in depth and lengths, but not in the number of deadlocks, when orders are left out', () => {
    const longer = altered(ordered, { depth: 9 })
    expect(contradictions(longer, full)).toEqual([])
    const lost = altered(ordered, { deadlocks: 0 })
    expect(contradictions(lost, full)).toEqual(['deadlocks: 0 in the reduced search, 1 in the full one'])
  })

  it('that did not finish are held to what was found', () => {
    const cut = altered(symmetric, { complete: false, depth: 1 })
    expect(contradictions(cut, full)).toEqual([])
    const wrong = altered(cut, few({ verdict: 'holds' }))
    expect(contradictions(wrong, full)).toHaveLength(1)
  })
})
