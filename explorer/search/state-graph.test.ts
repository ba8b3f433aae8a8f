import fc from 'fast-check'
import { expect, it } from 'vitest'
import { StateGraph } from './state-graph.ts'

it('marks backwards exactly the states from which a marked one can be reached', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }),
      fc.array(fc.tuple(fc.nat(39), fc.nat(39)), { maxLength: 120 }),
      fc.array(fc.nat(39), { maxLength: 4 }),
      (states, pairs, goals) => {
        const sorted = pairs.map(([a, b]) => [a % states, b % states]).sort((x, y) => x[0] - y[0])
        const stateGraph = new StateGraph()
        for (const [source, target] of sorted) stateGraph.add(source, target)
        const marked = new Uint8Array(states)
        for (const goal of goals) marked[goal % states] = 1
        const naive = [...marked]
        for (let round = 0; round < states; round++)
          for (const [source, target] of sorted) if (naive[target] === 1) naive[source] = 1
        stateGraph.markBackwards(marked)
        expect([...marked]).toEqual(naive)
      },
    ),
  )
})

it('grows past its first capacity', () => {
  const stateGraph = new StateGraph()
  const states = 20_000
  for (let s = 0; s < states - 1; s++) stateGraph.add(s, s + 1)
  const marked = new Uint8Array(states)
  marked[states - 1] = 1
  stateGraph.markBackwards(marked)
  expect(marked.every((m) => m === 1)).toBe(true)
})
