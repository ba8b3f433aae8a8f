import { describe, expect, it, vi } from 'vitest'

/** Chunks of two states, so that small searches let states go. */
vi.hoisted(() => {
  Object.assign(globalThis, { [Symbol.for('mmucheck.sizes')]: { chunkBits: 1, slice: 2 } })
})

import { program, step } from '../../model/language/program.ts'
import { Oops, type Property } from '../../model/language/property.ts'
import { array, range, sort, struct, type View } from '../../model/language/shapes.ts'
import { compose, each, one } from '../../model/language/system.ts'
import { UNREDUCED } from '../reduce/reduction.ts'
import { breadthFirst } from './breadth-first.ts'
import { BreadthFirstSearch } from './breadth-first-search.ts'
import { FailedSearch } from './failed-search.ts'
import { LimitWatch } from './limit-watch.ts'
import { type RandomOptions, searchRandom } from './random/search-random.ts'

const runner = sort('runner', 2)
const world = struct({ n: array(runner, range(0, 3)) })
type World = View<typeof world>

/** Two counters; the model allows 3, and neither code nor bounds prevent 4. */
const counters = compose({
  name: 'counters',
  world,
  threads: [
    each(
      runner,
      program<World>('counter', 'counts', [
        step(
          'C.1',
          {},
          {
            does: (w, self) => {
              w.n[self]++
            },
            to: 'C.1',
          },
        ),
      ]),
    ),
  ],
  initial: [() => {}],
  symmetric: [runner],
})

const below = (most: number): Property<World> => ({
  kind: 'invariant',
  id: `below-${most}`,
  title: 'counters are small',
  holds: (w) => w.n[0] < most && w.n[1] < most,
})
const throwsAt = (n: number): Property<World> => ({
  kind: 'invariant',
  id: 'throws',
  title: 'fails on a state',
  holds: (w) => {
    if (w.n[0] + w.n[1] === n) throw new Error('on purpose')
    return true
  },
})

function failureOf(run: () => unknown): FailedSearch {
  try {
    run()
  } catch (error) {
    if (error instanceof FailedSearch) return error as FailedSearch
    throw error
  }
  throw new Error('nothing failed')
}

const lengthOf = ({ trace }: FailedSearch): number | undefined => trace?.steps.length

describe('a failure of model code', () => {
  const reductions = ['none', 'symmetry', 'por', 'all'] as const
  it.each(reductions)('comes with a shortest way to the step, with --reduce %s', (reduce) => {
    const failure = failureOf(() => breadthFirst(counters, [], { reduce }))
    expect(failure.message).toMatch(/step C\.1 of counter\d: world\.n\[\d\] = 4 is outside its domain/)
    expect(lengthOf(failure)).toBe(4)
    expect(failure.trace?.steps.at(-1)?.step).toBe('C.1')
  })

  it.each(reductions)('comes with what was found before, with --reduce %s', (reduce) => {
    const { result } = failureOf(() => breadthFirst(counters, [below(2), below(4)], { reduce }))
    expect(result.complete).toBe(false)
    expect(result.incompleteReason?.kind).toBe('model-error')
    expect(result.properties.map((p) => [p.verdict, p.trace?.steps.length])).toEqual([
      ['violated', 2],
      ['inconclusive', undefined],
    ])
  })

  it('in a property leads to the state that it failed on, the initial one too', () => {
    for (const n of [0, 1, 3]) {
      const failure = failureOf(() => breadthFirst(counters, [throwsAt(n)]))
      expect(failure.message).toContain('property throws')
      expect(lengthOf(failure), `${n}`).toBe(n)
    }
  })

  it.each([64, 96] as const)(
    'leads there, too, where only fingerprints of %i bits are kept',
    (fingerprintBits) => {
      const options = { storage: 'fingerprint', fingerprintBits } as const
      for (const reduce of reductions) {
        const { trace } = failureOf(() => breadthFirst(counters, [], { ...options, reduce }))
        expect(trace).toEqual(failureOf(() => breadthFirst(counters, [])).trace)
      }
      for (const n of [0, 1, 3]) {
        const { trace } = failureOf(() => breadthFirst(counters, [throwsAt(n)], options))
        expect(trace).toEqual(failureOf(() => breadthFirst(counters, [throwsAt(n)])).trace)
      }
    },
  )

  it('when a step is run again leads to its state, unless that was forgotten', () => {
    let left = Number.POSITIVE_INFINITY
    let calls = 0
    let failedAt = -1
    const single = struct({ n: range(0, 20) })
    type Single = View<typeof single>
    const counting = program<Single>('counter', 'counts', [
      step(
        'C.1',
        { validEnd: true },
        {
          when: (w) => w.n < 20,
          does: (w) => {
            calls++
            if (left-- === 0) {
              failedAt = w.n
              throw new Error('on purpose')
            }
            w.n++
          },
          to: 'C.1',
        },
      ),
    ])
    const system = compose({ name: 'single', world: single, threads: [one(counting)], initial: [() => {}] })
    const options = { storage: 'fingerprint', recheck: 'all' } as const
    const search = () =>
      new BreadthFirstSearch(system, [], options, new LimitWatch({}), UNREDUCED).run(undefined)
    expect(search().states).toBe(21)
    const all = calls
    expect(all).toBeGreaterThan(40)
    const known: boolean[] = []
    for (let n = 0; n < all; n++) {
      left = n
      const { trace } = failureOf(search)
      known.push(trace !== null)
      if (trace !== null) expect([trace.initial, trace.steps.length]).toEqual([0, failedAt + 1])
    }
    // Each step is run twice before the search continues; then all are run again.
    expect(known.indexOf(false)).toBe(40)
  })

  it('in an action property leads to the step that it failed on', () => {
    const action: Property<World> = {
      kind: 'action',
      id: 'acts',
      title: 'fails on a step',
      holds: (before) => {
        if (before.n[0] === 2) throw new Error('on purpose')
        return true
      },
    }
    expect(lengthOf(failureOf(() => breadthFirst(counters, [action])))).toBe(3)
  })

  it('in a step that ends in a fault of the wrong kind leads to that step', () => {
    const counting = program<World>('counter', 'counts', [
      step(
        'C.1',
        {},
        {
          does: (w, self) => {
            if (w.n[self] === 2) throw new Oops('below-3', 'on purpose')
            w.n[self]++
          },
          to: 'C.1',
        },
      ),
    ])
    const threads = [each(runner, counting)]
    const system = compose({ name: 'faulty', world, threads, initial: [() => {}] })
    const failure = failureOf(() => breadthFirst(system, [below(3)]))
    expect(failure.message).toContain('below-3 is a property of kind invariant')
    expect(failure.trace?.steps.map(({ step: taken }) => taken)).toEqual(['C.1', 'C.1', 'C.1'])
  })

  it('in the first step is not taken for one of a property', () => {
    const threads = [
      one(
        program<World>('first', 'fails at once', [
          step(
            'F.1',
            {},
            {
              does: () => {
                throw new Error('on purpose')
              },
            },
          ),
        ]),
      ),
    ]
    const system = compose({ name: 'first', world, threads, initial: [() => {}] })
    expect(failureOf(() => breadthFirst(system, [below(2)])).trace?.steps).toEqual([
      { thread: 'first', step: 'F.1' },
    ])
  })

  it('in a property leads to its state, whatever step was recorded last', () => {
    // The steps of thread 0 are recorded before those of thread 1, and both long before the state is found.
    const bounded = compose({
      name: 'bounded',
      world,
      threads: [
        each(
          runner,
          program<World>('counter', 'counts to three', [
            step(
              'C.1',
              { validEnd: true },
              {
                when: (w, self) => w.n[self] < 3,
                does: (w, self) => {
                  w.n[self]++
                },
                to: 'C.1',
              },
            ),
          ]),
        ),
      ],
      initial: [() => {}],
    })
    const fails: Property<World> = {
      kind: 'invariant',
      id: 'fails',
      title: 'fails on a state',
      holds: (w) => {
        if (w.n[0] === 3 && w.n[1] === 1) throw new Error('on purpose')
        return true
      },
    }
    const { trace } = failureOf(() => breadthFirst(bounded, [fails]))
    const taken = trace?.steps.map(({ thread }) => thread).sort()
    expect(taken).toHaveLength(4)
    expect(taken?.filter((thread) => thread === taken[0])).toHaveLength(3)
  })

  const methods: RandomOptions[] = [
    { method: 'walks', seed: 1 },
    { method: 'priorities', seed: 1 },
  ]
  it.each(methods)('in a sample comes with the walk that led there: %o', (options) => {
    const failure = failureOf(() => searchRandom(counters, [below(2)], options))
    const own = failure.trace?.steps.filter(({ thread }) => thread === failure.trace?.steps.at(-1)?.thread)
    expect(own).toHaveLength(4)
    expect(failure.result.properties[0].verdict).toBe('violated')
    const asked = failureOf(() => searchRandom(counters, [throwsAt(2)], options))
    expect(asked.trace?.steps).toHaveLength(2)
  })

  it('in a search with few preemptions keeps what was found', () => {
    const failure = failureOf(() => searchRandom(counters, [below(2)], { method: 'preemptions' }))
    expect(failure.result.properties[0]).toMatchObject({ verdict: 'violated', trace: { initial: 0 } })
  })
})

describe('a failure of a liveness property', () => {
  const finite = compose({
    name: 'finite',
    world,
    threads: [
      each(
        runner,
        program<World>('counter', 'counts to two', [
          step(
            'C.1',
            { validEnd: true },
            {
              when: (w, self) => w.n[self] < 2,
              does: (w, self) => {
                w.n[self]++
              },
              to: 'C.1',
            },
          ),
        ]),
      ),
    ],
    initial: [() => {}],
  })
  const bothAt = (n: number): Property<World> => ({
    kind: 'eventually',
    id: `both-at-${n}`,
    title: 'both get there',
    goal: (w) => w.n[0] === n && w.n[1] === n,
  })
  const failing: Property<World> = {
    kind: 'eventually',
    id: 'fails',
    title: 'fails on a state',
    goal: (w) => {
      if (w.n[0] + w.n[1] === 3) throw new Error('on purpose')
      return false
    },
  }

  it('comes with a way to the state, and does not hide the verdicts on others', () => {
    const failure = failureOf(() => breadthFirst(finite, [failing, bothAt(3), below(3)]))
    expect(lengthOf(failure)).toBe(3)
    expect(failure.result.complete).toBe(false)
    expect(failure.result.properties.map((p) => p.verdict)).toEqual(['inconclusive', 'violated', 'holds'])
  })
})
