import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { System } from '../../model/language/system.ts'
import { CompiledSystem } from '../compile/compiled-system.ts'
import { LIST, LIST_ENTRY } from '../compile/successor-lists.ts'
import { randomSystem } from '../oracles/random-system.ts'
import { twoPhase } from '../oracles/two-phase.ts'
import { ExactSet } from '../state/exact-set.ts'
import { type CacheEntries, VectorStore } from '../state/vector-store.ts'
import { effort } from '../testing/effort.ts'
import { breadthFirst } from './breadth-first.ts'
import { Expander, type ExpansionSink } from './expander.ts'
import { type Sleep, SuccessorCache } from './successor-cache.ts'
import { Successors } from './successors.ts'

const tapes = fc.array(fc.nat(1 << 20), { minLength: 20, maxLength: 120 })

/** States expanded; the first chunk of the store is enough for them. */
const MOST = 10_000

/** What the searches here are made of; the initial states are known. */
function searchOf(system: System, sleep: Sleep) {
  const compiled = new CompiledSystem(system)
  const { layout, initial, threads } = system
  const store = new VectorStore(layout.words, true, threads.length, threads.length > 8 ? 1 : 2)
  const visited = new ExactSet(store)
  const expander = new Expander(compiled, store)
  const successorCache = new SuccessorCache(expander.lists, store, sleep)
  const words = new Int32Array(layout.words)
  for (const encoded of initial) {
    layout.pack(encoded, words, 0)
    visited.insertState(words, 0, compiled.hash.hashLow(encoded), compiled.hash.hashHigh(encoded))
  }
  let lookUps = 0
  const lookUp = (): boolean => {
    visited.insert(expander.batch, compiled.records)
    expander.batch.compact()
    successorCache.fill(expander.batch)
    lookUps += expander.batch.count
    expander.batch.count = 0
    return true
  }
  const sink: ExpansionSink = { flush: lookUp, special: () => {}, terminal: () => {} }
  return { compiled, store, expander, lookUp, lookUps: () => lookUps, sink }
}

/** A search, state by state, that hands `look` each state just before it is expanded. Returns its look-ups. */
function explore(
  system: System,
  sleep: Sleep,
  look: (parts: Parts, words: Int32Array, cache: CacheEntries) => void = () => {},
): { readonly states: number; readonly transitions: number; readonly lookUps: number } {
  const { layout, threads } = system
  const { store, expander, lookUp, lookUps, sink } = searchOf(system, sleep)
  for (let head = 0; head < Math.min(store.count, MOST); head++) {
    const at = head * threads.length
    const words = store.chunks[0].slice(head * layout.words, (head + 1) * layout.words)
    look({ store, expander }, words, store.cache[0].slice(at, at + threads.length))
    expander.expand(head, head + 1, sink)
    lookUp()
  }
  return { states: store.count, transitions: expander.transitions, lookUps: lookUps() }
}

/**
 * A search by levels that sleeps by level and expands the states of a level in their order or backwards.
 * Returns how many threads slept, and how many successors by their steps were not known after the level.
 */
function exploreByLevel(
  system: System,
  backwards: boolean,
): { readonly states: number; readonly missing: number; readonly asleep: number } {
  const { compiled, store, expander, lookUp, sink } = searchOf(system, 'by-level')
  const { words } = system.layout
  const { cacheWidth } = store
  const known = new Set<string>()
  const successors = new Successors(compiled)
  let missing = 0
  let asleep = 0
  for (let first = 0, end = store.count; first < end && end < MOST; first = end, end = store.count) {
    for (let n = first; n < end; n++) {
      const state = backwards ? end - 1 - (n - first) : n
      expander.expand(state, state + 1, sink)
      lookUp()
    }
    const vectors = store.chunks[0]
    for (let s = known.size; s < store.count; s++)
      known.add(vectors.subarray(s * words, (s + 1) * words).join(' '))
    for (let s = first; s < end; s++) {
      store.cache[0].subarray(s * cacheWidth, (s + 1) * cacheWidth).forEach((note, t) => {
        if ((note & 1) === 0) return
        asleep++
        const count = successors.findOf(t, vectors, s * words)
        for (let k = 0; k < count; k++) {
          const after = vectors.slice(s * words, (s + 1) * words)
          successors.apply(k, after, 0)
          if (!known.has(after.join(' '))) missing++
        }
      })
    }
  }
  return { states: store.count, missing, asleep }
}

interface Parts {
  readonly store: VectorStore
  readonly expander: Expander
}

describe('cache entries', () => {
  it('name the steps of a thread, and let it sleep only when all it leads to is known', () => {
    let handedOn = 0
    let asleep = 0
    const check = (system: System): void => {
      const known = new Set<string>()
      let seen = 0
      // Counted: an assertion for each step takes longer than the search.
      let wrong = 0
      explore(system, 'in-order', ({ store, expander: { lists } }, words, cache) => {
        const width = system.layout.words
        for (; seen < store.count; seen++)
          known.add(store.chunks[0].subarray(seen * width, (seen + 1) * width).join(' '))
        const successors = new Successors(lists.compiled)
        cache.forEach((note, t) => {
          if (note === 0) return
          handedOn++
          const list = lists.offsets[note >>> 1]
          const count = successors.findOf(t, words, 0)
          const records = Array.from(
            { length: lists.lists[list + LIST.count] },
            (_, n) => lists.lists[list + LIST.first + n * LIST_ENTRY + 2],
          )
          if (records.join() !== successors.records.subarray(0, count).join()) wrong++
          if ((note & 1) === 0) return
          asleep++
          for (let k = 0; k < count; k++) {
            const after = words.slice()
            successors.apply(k, after, 0)
            if (successors.faults(k) || !known.has(after.join(' '))) wrong++
          }
        })
      })
      expect(wrong).toBe(0)
    }
    fc.assert(
      fc.property(tapes, (tape) => check(randomSystem(tape).system)),
      { numRuns: effort(40, 200) },
    )
    check(twoPhase(3))
    // Many threads: entries of one byte, and a loop over the threads.
    check(twoPhase(9))
    expect(handedOn).toBeGreaterThan(1000)
    expect(asleep).toBeGreaterThan(1000)
  })

  it('by level, let a thread sleep only when all it leads to is known when the level is finished', () => {
    let slept = 0
    const check = (system: System, backwards: boolean): void => {
      const { states, missing, asleep } = exploreByLevel(system, backwards)
      expect(missing).toBe(0)
      expect(states).toBe(explore(system, 'never').states)
      slept += asleep
    }
    fc.assert(
      fc.property(tapes, fc.boolean(), (tape, backwards) => check(randomSystem(tape).system, backwards)),
      { numRuns: effort(40, 200) },
    )
    check(twoPhase(4), false)
    check(twoPhase(4), true)
    expect(slept).toBeGreaterThan(1000)
  })

  it('save look-ups, but no state and no step', () => {
    const all = explore(twoPhase(5), 'never')
    expect(all.lookUps).toBe(all.transitions)
    const some = explore(twoPhase(5), 'in-order')
    expect([some.states, some.transitions]).toEqual([8832, all.transitions])
    expect(some.lookUps).toBeLessThan(0.6 * all.lookUps)
  })
})

it('sleeping changes nothing in the result', () => {
  fc.assert(
    fc.property(tapes, (tape) => {
      const { system, properties } = randomSystem(tape)
      // No thread sleeps where a progress property needs the whole graph.
      const essence = (asked: typeof properties) => {
        const { states, transitions, depth, deadlocks, steps, properties: all } = breadthFirst(system, asked)
        const judged = all.filter(({ kind }) => kind !== 'progress')
        return { states, transitions, depth, deadlocks, steps: [...steps], judged }
      }
      expect(essence(properties.filter(({ kind }) => kind !== 'progress'))).toEqual(essence(properties))
    }),
    { numRuns: effort(40, 200) },
  )
})
