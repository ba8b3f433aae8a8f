import { describe, expect, it, vi } from 'vitest'

/** Chunks of eight states, so that small systems fill several. */
vi.hoisted(() => {
  Object.assign(globalThis, { [Symbol.for('mmucheck.sizes')]: { chunkBits: 3 } })
})

import { RECORD } from '../compile/transition-record.ts'
import type { PartialOrder } from '../reduce/partial-order/partial-order.ts'
import { StateGraph } from '../search/state-graph.ts'
import type { StorageOptions } from '../state/visited-set.ts'
import { missingIn, type Restored, sampleOf } from './expansion-check.ts'
import { countsUp, explored, FAR, TOP } from './testing/explored-parts.ts'

const CHUNK = 8
const [CLIMB, JUMP] = [0, 1]
const system = countsUp(1)

/** Steps of one thread are enough everywhere, or those of all. */
const reducing = (thread: number | null) =>
  ({ partialOrder: { threadFor: () => thread } as unknown as PartialOrder }) as const

function restored(head: number, more: Partial<Restored> = {}, of = system, options: StorageOptions = {}) {
  const parts = explored(of, head, options)
  const stateGraph = options.storage === 'fingerprint' ? null : parts.stateGraph
  const search: Restored = {
    ...parts,
    visited: parts.table,
    stateGraph,
    reductions: { partialOrder: null },
    ...more,
  }
  return { search, initialOf: parts.initialOf }
}

/** The edges of `countsUp(1)`, where state s counts from s + 1; those of one state are others. */
function edgesBut(head: number, other: number, targets: readonly number[], only?: number): StateGraph {
  const stateGraph = new StateGraph()
  for (let s = 0; s < head; s++) {
    const both = [s + 1, s + 2].filter((target) => target < TOP)
    const own = only === undefined ? both : [both[only]]
    for (const target of s === other ? targets : own) stateGraph.add(s, target)
  }
  return stateGraph
}

it('the edges that the tests change are those of the search', () => {
  expect(system.layout.words).toBe(2)
  expect(edgesBut(20, -1, []).arrays).toEqual(explored(system, 20).stateGraph.arrays)
})

describe('initial states', () => {
  const several = countsUp(1, 9, 1, 4)

  it.each(['exact', 'fingerprint'] as const)('that were all found, one of them twice: %s', (storage) => {
    const { search, initialOf } = restored(0, {}, several, { storage })
    expect(initialOf).toEqual([0, 1, 3])
    expect(missingIn(search, 0, initialOf)).toBe(null)
  })

  it.each(['exact', 'fingerprint'] as const)('that were not found: %s', (storage) => {
    const { compiled } = explored(several, 0)
    const { search } = restored(0, {}, countsUp(1, 9), { storage })
    expect(missingIn({ ...search, compiled }, 0, [0, 1, 3])).toBe('initial state 3 was not found')
  })

  it('that are not the first', () => {
    const { search, initialOf } = restored(1, {}, countsUp(1))
    const { compiled } = explored(countsUp(1, 2), 0)
    expect(missingIn({ ...search, compiled }, 0, initialOf)).toBe(
      'initial state 1 is not among the first states',
    )
  })

  it.each([
    ['in another order', [1, 0, 3]],
    ['found first as others', [0, 1, 2]],
    ['and one more', [0, 1, 3, 4]],
  ])('%s', (_, initialOf) => {
    const { search } = restored(4, {}, several)
    expect(missingIn(search, 0, initialOf)).toBe('its first states are not the initial ones')
  })
})

describe('successors', () => {
  it.each<[string, StorageOptions, number]>([
    ['of none', {}, 0],
    ['of one chunk', {}, CHUNK],
    ['of several chunks', {}, 20],
    ['of all states', {}, TOP],
    ['of fingerprints, some forgotten', { storage: 'fingerprint' }, 20],
  ])('that were all found: %s', (_, options, head) => {
    const { search, initialOf } = restored(head, {}, system, options)
    expect(missingIn(search, head, initialOf)).toBe(null)
  })

  it.each<StorageOptions>([{}, { storage: 'fingerprint' }])('that were not found: %o', (options) => {
    for (const head of [3, 20]) {
      const { search, initialOf } = restored(head, { stateGraph: null }, system, options)
      expect(missingIn(search, head + 1, initialOf)).toBe(
        `state ${head} counts as expanded, but a successor of it was not found`,
      )
    }
  })

  it('the first that is missing is named', () => {
    const { search, initialOf } = restored(5, { stateGraph: null })
    expect(missingIn(search, 7, initialOf)).toContain('state 5 counts')
  })

  it('of states that were forgotten are not looked for', () => {
    // Where nothing is kept any more, all bits are 0, and the model leads far away.
    const zero = explored(countsUp(0), 1)
    expect(zero.store.count).toBe(2)
    expect([...zero.store.chunks[0]]).toContain(FAR)
    const { search, initialOf } = restored(20, {}, system, { storage: 'fingerprint' })
    expect(search.store.chunks[0]).toHaveLength(0)
    expect(missingIn(search, 20, initialOf)).toBe(null)
  })

  it('checking them is not counted', () => {
    const { search, initialOf } = restored(3)
    const { compiled } = search
    const fired = () => {
      const counts: number[] = []
      compiled.eachRecord((record) => counts.push(compiled.records[record + RECORD.fired]))
      return counts
    }
    compiled.eachRecord((record) => {
      compiled.records[record + RECORD.fired] = 7
    })
    expect(fired()).not.toContain(0)
    expect(missingIn(search, 3, initialOf)).toBe(null)
    expect(fired().every((count) => count === 0)).toBe(true)
  })
})

describe('edges', () => {
  const among = (stateGraph: StateGraph, head: number, more: Partial<Restored> = {}) => {
    const { search, initialOf } = restored(head, { stateGraph, ...more })
    return missingIn(search, head, initialOf)
  }
  const wrong = (state: number) => `the edges of state ${state} are not those of the model`

  it('in any order', () => {
    expect(among(edgesBut(20, 9, [11, 10]), 20)).toBe(null)
  })

  it('to states that were found in another order', () => {
    const { search, initialOf } = restored(20, {}, countsUp(3, 2, 1))
    const [ids] = [search.stateGraph?.targetsOf(2)]
    expect(ids).toEqual(Int32Array.of(1, 0))
    expect(missingIn(search, 20, initialOf)).toBe(null)
  })

  it.each([
    ['one less', [10]],
    ['one more', [10, 10, 11]],
    ['one more, elsewhere', [10, 11, 12]],
    ['one twice', [10, 10]],
    ['one elsewhere', [10, 12]],
    ['none', []],
  ])('%s', (_, targets) => {
    expect(among(edgesBut(20, 9, targets), 20)).toBe(wrong(9))
  })

  it('may be more where one thread is enough', () => {
    const jumping = reducing(JUMP)
    expect(among(edgesBut(6, -1, []), 6, { reductions: jumping })).toBe(null)
    expect(among(edgesBut(6, -1, [], 1), 6, { reductions: jumping })).toBe(null)
    expect(among(edgesBut(6, -1, [], 0), 6, { reductions: jumping })).toBe(wrong(0))
    expect(among(edgesBut(6, -1, [], 0), 6, { reductions: reducing(CLIMB) })).toBe(null)
    expect(among(edgesBut(6, -1, [], 1), 6, { reductions: reducing(CLIMB) })).toBe(wrong(0))
    expect(among(edgesBut(6, -1, [], 0), 6, { reductions: reducing(null) })).toBe(wrong(0))
    expect(among(edgesBut(6, 3, [4]), 6, { reductions: reducing(null) })).toBe(wrong(3))
  })

  it('of states expanded long ago are not checked where a singleton persistent set may be used', () => {
    const reductions = reducing(null)
    expect(among(edgesBut(20, 15, [16]), 20, { reductions })).toBe(null)
    expect(among(edgesBut(20, 16, [17]), 20, { reductions })).toBe(wrong(16))
  })
})

describe('a sample of the expanded states', () => {
  const numbers = (from: number, end: number, stride = 1) =>
    Array.from({ length: Math.ceil((end - from) / stride) }, (_, k) => from + k * stride)

  it.each([
    ['none', 0, 0, []],
    ['one', 0, 1, [0]],
    ['some', 3, 10, numbers(3, 10)],
    ['all', 0, 1024, numbers(0, 1024)],
    ['one more', 0, 1025, numbers(0, 1025)],
    ['twice as many', 0, 2048, numbers(0, 2048)],
    ['three times as many', 0, 3072, [...numbers(0, 2048, 2), ...numbers(2048, 3072)]],
    ['not from the beginning', 1000, 6000, [...numbers(1000, 4976, 4), ...numbers(4976, 6000)]],
  ])('%s', (_, first, head, expected) => {
    expect([...sampleOf(first, head)]).toEqual(expected)
  })
})
