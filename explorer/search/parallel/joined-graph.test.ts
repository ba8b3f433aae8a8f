import fc from 'fast-check'
import { expect, it } from 'vitest'
import { entryOf } from '../../state/shared-exact-set.ts'
import { SIZES } from '../../state/sizes.ts'
import { EdgeList } from './edge-list.ts'
import { type GraphPart, JoinedGraph } from './joined-graph.ts'

const FIRST = 1 << SIZES.chunkBits

it('knows whether goals can always be reached, however the states are divided among workers', () => {
  const seen = new Set<boolean>()
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 4 }),
      fc.array(fc.nat(3), { minLength: 1, maxLength: 12 }),
      fc.array(fc.tuple(fc.nat(11), fc.nat(11)), { maxLength: 40 }),
      fc.array(fc.nat(11), { minLength: 1, maxLength: 4 }),
      (workers, owners, pairs, goals) => {
        const states = owners.length
        const isGoal = owners.map((_, s) => goals.some((goal) => goal % states === s))
        // Numbers are those of the worker that found the state, in the order in which it found them.
        const counts = new Array<number>(workers).fill(0)
        const entries = owners.map((owner) => {
          const worker = owner % workers
          return entryOf(worker, FIRST + counts[worker]++)
        })
        const edges = Array.from({ length: workers }, () => new EdgeList())
        // Any worker may expand any state.
        pairs.forEach(([from, to], n) => {
          edges[n % workers].add(entries[from % states], entries[to % states])
        })
        const parts = edges.map(({ pairs: found }, worker): GraphPart => {
          const own = owners.flatMap((owner, s) => (owner % workers === worker ? [Number(isGoal[s])] : []))
          const all = Uint8Array.from(own, () => 1)
          return { pairs: found, first: FIRST, end: FIRST + own.length, goals: [Uint8Array.from(own), all] }
        })
        const reaches = isGoal.slice()
        for (let round = 0; round < states; round++)
          for (const [from, to] of pairs) if (reaches[to % states]) reaches[from % states] = true
        const graph = new JoinedGraph(parts)
        expect(graph.canAlwaysReach(0)).toBe(!reaches.includes(false))
        expect(graph.canAlwaysReach(1)).toBe(true)
        seen.add(graph.canAlwaysReach(0))
      },
    ),
  )
  expect(seen.size).toBe(2)
})

it('edges have room, and say what more would take', () => {
  const edges = new EdgeList()
  expect(edges.growthFor(SIZES.array / 2)).toBe(0)
  expect(edges.growthFor(SIZES.array / 2 + 1)).toBe(8 * SIZES.array)
  for (let n = 0; n < SIZES.array; n++) edges.add(n, n + 1)
  expect(edges.bytes).toBe(8 * SIZES.array)
  expect([edges.pairs.length, edges.pairs[2 * 77], edges.pairs[2 * 77 + 1]]).toEqual([
    2 * SIZES.array,
    77,
    78,
  ])
})
