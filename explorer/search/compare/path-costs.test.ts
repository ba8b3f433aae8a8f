import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { randomSystem } from '../../oracles/random-system.ts'
import { effort } from '../../testing/effort.ts'
import type { LabelledGraph } from '../liveness/labelled-graph.ts'
import { labelledTransitions } from '../testing/labelled-transitions.ts'
import { type NamedGraph, namedGraph } from './named-graph.ts'
import { type Extent, settledStates, WaysTo } from './path-costs.ts'

const graphOf = (transitions: string): NamedGraph => namedGraph(labelledTransitions({ t: transitions }))

/** The value of the number in a state of `graphOf`, which has nothing else. */
const stateWith = ({ store, system }: NamedGraph, value: number): Uint8Array =>
  Uint8Array.from({ length: store.count }, (_, s) => {
    const encoded = new Uint16Array(system.layout.fields.length)
    system.layout.unpack(store.chunks[0], s * store.words, encoded)
    return encoded[0] === value ? 1 : 0
  })

/** By edge: 1 for the steps of these names. */
const costing = ({ graph, steps }: NamedGraph, ...names: string[]): Uint8Array =>
  Uint8Array.from({ length: graph.edges }, (_, e) => (names.includes(steps[graph.labels[e]].step) ? 1 : 0))

const extent = (transitions: string, goal: number, ...names: string[]): Extent | null => {
  const named = graphOf(transitions)
  return new WaysTo(named.graph, stateWith(named, goal)).extent(costing(named, ...names))
}

describe('what ways to a goal cost', () => {
  it('is least and most over all ways', () => {
    const short = '0 flush 1, 1 end 3, 0 flush2 4, 4 flush3 5, 5 end2 3'
    expect(extent(short, 3, 'flush', 'flush2', 'flush3')).toMatchObject({ least: 1, most: 2, repeated: null })
    expect(extent(short, 3, 'nothing')).toMatchObject({ least: 0, most: 0 })
    expect(extent(short, 9, 'flush')).toBe(null)
    expect(extent(short, 0, 'flush')).toMatchObject({ least: 0, most: 0 })
  })

  it('has no greatest where a cycle costs something on the way, and names the step', () => {
    const named = graphOf('0 go 1, 1 flush 0, 1 end 3')
    const found = new WaysTo(named.graph, stateWith(named, 3)).extent(costing(named, 'flush'))
    expect(found).toMatchObject({ least: 0, most: null })
    expect(named.steps[named.graph.labels[found?.repeated ?? -1]].step).toBe('flush')
    // A cycle that costs nothing, one behind the goal, and one that never gets there do not count.
    expect(extent('0 go 1, 1 back 0, 1 flush 3', 3, 'flush')).toMatchObject({ least: 1, most: 1 })
    expect(extent('0 go 3, 3 flush 4, 4 flush2 3', 3, 'flush', 'flush2')).toMatchObject({ most: 0 })
    expect(extent('0 go 3, 0 lost 4, 4 flush 5, 5 flush2 4', 3, 'flush', 'flush2')).toMatchObject({ most: 0 })
  })

  it('refuses a graph that is not complete', () => {
    const named = namedGraph(labelledTransitions({ t: '0 a 1, 1 b 2, 2 c 3' }), { maxStates: 2 })
    expect(() => new WaysTo(named.graph, new Uint8Array(named.graph.states))).toThrow('not complete')
  })

  it('agrees with the costs of all walks on random systems', () => {
    const tape = fc.array(fc.nat(999), { minLength: 20, maxLength: 60 })
    const seen = new Set<string>()
    fc.assert(
      fc.property(
        tape,
        fc.array(fc.nat(2), { minLength: 1, maxLength: 5 }),
        fc.nat(999),
        (numbers, weights, seed) => {
          const { graph } = namedGraph(randomSystem(numbers).system)
          fc.pre(graph.states <= 60)
          const costs = Uint8Array.from(
            graph.labels.subarray(0, graph.edges),
            (l) => weights[l % weights.length],
          )
          const isGoal = Uint8Array.from({ length: graph.states }, (_, s) =>
            (s * 7 + seed) % 5 === 0 ? 1 : 0,
          )
          const found = new WaysTo(graph, isGoal).extent(costs)
          expect(found === null ? null : { least: found.least, most: found.most }).toEqual(
            byWalks(graph, isGoal, costs),
          )
          seen.add(found === null ? 'none' : found.most === null ? 'unbounded' : 'bounded')
        },
      ),
      { numRuns: effort(25, 1000) },
    )
    const all = ['bounded', 'none', 'unbounded']
    expect(all).toEqual(expect.arrayContaining([...seen]))
    if (effort(0, 1) === 1) expect([...seen].sort()).toEqual(all)
  })
})

/** Walks of every length up to one at which each cycle on the way has been repeated often enough to tell. */
function byWalks(
  { initial, first, targets, states }: LabelledGraph,
  isGoal: Uint8Array,
  costs: Uint8Array,
): Pick<Extent, 'least' | 'most'> | null {
  const simple = 2 * states
  const longest = states * (simple + 2)
  let now = new Map<number, { least: number; most: number }>()
  for (const { state } of initial) now.set(state, { least: 0, most: 0 })
  let least = Number.POSITIVE_INFINITY
  let most = -1
  let mostOfShort = -1
  for (let length = 0; length <= longest && now.size > 0; length++) {
    const next = new Map<number, { least: number; most: number }>()
    for (const [s, cost] of now) {
      if (isGoal[s] === 1) {
        least = Math.min(least, cost.least)
        most = Math.max(most, cost.most)
        if (length <= simple) mostOfShort = most
        continue
      }
      for (let e = first[s]; e < first[s + 1]; e++) {
        if (targets[e] < 0) continue
        const known = next.get(targets[e])
        next.set(targets[e], {
          least: Math.min(known?.least ?? Number.POSITIVE_INFINITY, cost.least + costs[e]),
          most: Math.max(known?.most ?? 0, cost.most + costs[e]),
        })
      }
    }
    now = next
  }
  if (most < 0) return null
  // A way without a cycle costs at most two for each of its steps.
  return { least, most: most > mostOfShort && most > simple ? null : most }
}

describe('settled states', () => {
  it('are those that only repeat themselves; deadlocks are not', () => {
    const named = graphOf('0 go 1, 1 on 2, 2 back 1, 0 stop 3')
    const settled = settledStates(named.graph, () => false)
    const values = [0, 1, 2, 3].map((value) => settled[stateWith(named, value).indexOf(1)])
    expect(values).toEqual([0, 1, 1, 0])
    const ends = settledStates(named.graph, () => true)
    expect(ends[stateWith(named, 3).indexOf(1)]).toBe(1)
  })
})
