import { describe, expect, it, vi } from 'vitest'
import { choice, program, step } from '../../model/language/program.ts'
import { Oops, type Property } from '../../model/language/property.ts'
import { array, flag, range, ref, sort, struct, type View } from '../../model/language/shapes.ts'
import { compose, each, one, type System } from '../../model/language/system.ts'
import { predictedCollision } from '../state/collisions.ts'
import { VectorStore } from '../state/vector-store.ts'
import { breadthFirst, type Progress, tracesTo } from './breadth-first.ts'
import type { SearchResult } from './result.ts'

describe('a state that is kept under other names', () => {
  const cpu = sort('cpu', 3)
  // So wide that a state has several words.
  const world = struct({ far: array(cpu, range(0, 4000)), lock: ref(cpu), bad: array(cpu, flag) })
  type World = View<typeof world>

  /** Each CPU takes the lock, does some steps that change nothing else, and then turns bad, all with the lock. */
  function holder(between: number): System<World> {
    const cpuProgram = program<World>('cpu', 'a processor', [
      step(
        'take',
        { validEnd: true },
        {
          when: (w) => w.lock === null,
          does: (w, v) => {
            w.lock = v
          },
        },
      ),
      ...Array.from({ length: between }, (_, n) => step<World>(`walk.${n}`, {}, {})),
      step(
        'spoil',
        {},
        {
          does: (w, v) => {
            w.bad[v] = true
          },
        },
      ),
    ])
    const threads = [each(cpu, cpuProgram)]
    return compose({ name: 'holder', world, threads, initial: [() => {}], symmetric: [cpu] })
  }

  const good: Property<World> = {
    kind: 'invariant',
    id: 'holder-is-good',
    title: '',
    given: (w) => w.lock !== null,
    holds: (w) => w.lock === null || !w.bad[w.lock],
  }

  // The seed decides which names a form gives. Its holder may be a CPU that was never asked about, so that a step of
  // it seems to have nothing to do with the property: the value in its parent says nothing.
  it.each(Array.from({ length: 16 }, (_, seed) => seed))('is evaluated again, seed %i', (seed) => {
    for (const between of [0, 1, 2, 3]) {
      const { states, properties } = breadthFirst(holder(between), [good], { reduce: 'symmetry', seed })
      expect(states).toBe(between + 3)
      const [{ verdict, antecedent, trace }] = properties
      expect([verdict, antecedent, trace?.steps.length]).toEqual(['violated', between + 2, between + 2])
      // The names are those of a behaviour: all steps are the holder's.
      expect(new Set(trace?.steps.map(({ thread }) => thread)).size).toBe(1)
    }
  })
})

const grid = struct({ x: range(0, 90), y: range(0, 90), from: range(0, 2) })
type Grid = View<typeof grid>

/** Two threads count x and y up to `top`: all states at distance d have x + y = d. */
function counters(top: number, initial: readonly ((w: Grid) => void)[] = [() => {}]): System<Grid> {
  const counter = (name: 'x' | 'y') =>
    one(
      program<Grid>(name, 'counts', [
        step(
          'up',
          { validEnd: true },
          {
            when: (w) => w[name] < top,
            does: (w) => {
              w[name]++
            },
            to: 'up',
          },
        ),
      ]),
    )
  return compose({ name: 'counters', world: grid, threads: [counter('x'), counter('y')], initial })
}

const never = (id: string, bad: (w: Grid) => boolean): Property<Grid> => ({
  kind: 'invariant',
  id,
  title: '',
  holds: (w) => !bad(w),
})

describe('initial states', () => {
  const from = (n: number) => (w: Grid) => {
    w.from = n
  }

  it('that are equal are one state, and a trace begins in the one it begins in', () => {
    const system = counters(3, [from(1), from(1), from(0), from(1), from(2)])
    const asked = [0, 1, 2].map((n) => never(`from ${n}`, (w) => w.from === n && w.x === 2))
    const { states, transitions, depth, properties } = breadthFirst(system, asked)
    expect([states, transitions, depth]).toEqual([3 * 16, 3 * 24, 6])
    expect(properties.map(({ trace }) => [trace?.initial, trace?.steps.map((s) => s.thread)])).toEqual([
      [2, ['x', 'x']],
      [0, ['x', 'x']],
      [4, ['x', 'x']],
    ])
  })

  it('are evaluated', () => {
    const [{ verdict, trace }] = breadthFirst(counters(1), [never('at all', () => true)]).properties
    expect([verdict, trace]).toEqual(['violated', { initial: 0, steps: [] }])
  })
})

describe('what a result says', () => {
  it.each(['exact', 'fingerprint'] as const)('of itself, %s storage', (storage) => {
    const before = performance.now()
    const found = breadthFirst(counters(90), [], { storage })
    expect(found.seconds).toBeGreaterThan(0)
    expect(found.seconds).toBeLessThanOrEqual((performance.now() - before) / 1000)
    expect([found.states, found.transitions, found.depth]).toEqual([91 ** 2, 2 * 90 * 91, 180])
    expect([...found.steps.values()]).toEqual([90 * 91, 90 * 91])
    expect(found.incompleteReason).toBe(null)
    // A chunk of 65536 states is the least that is held.
    const bytes = found.bytesPerState * found.states
    expect(bytes).toBeGreaterThan(4 * VectorStore.chunkMask)
    expect(bytes).toBeLessThan(100 * VectorStore.chunkMask)
    expect(found.collisionProbability).toBe(storage === 'exact' ? 0 : predictedCollision(found.states, 64))
    expect(found.collisionMeasured !== null).toBe(storage === 'fingerprint')
  })

  it.each(['exact', 'fingerprint'] as const)(
    'of states beyond the depth limit nothing, %s storage',
    (storage) => {
      const asked = [never('edge', (w) => w.x === 5), never('beyond', (w) => w.x === 6)]
      const found = breadthFirst(counters(90), asked, { storage, maxDepth: 5 })
      // All steps from the deepest states are taken, and lead to states that do not count.
      expect([found.states, found.transitions, found.depth]).toEqual([21, 42, 5])
      expect(found.incompleteReason).toEqual({ kind: 'max-depth', depth: 5 })
      expect(found.properties.map(({ verdict, antecedent }) => [verdict, antecedent])).toEqual([
        ['violated', 21],
        ['inconclusive', 21],
      ])
      expect(breadthFirst(counters(90), asked, { storage, maxDepth: 0 }).states).toBe(1)
    },
  )
})

it('progress is reported at most every tenth of a second, and is right', () => {
  let clock = 0
  const now = vi.spyOn(performance, 'now').mockImplementation(() => {
    clock += 7
    return clock
  })
  const reported: (Progress & { readonly at: number })[] = []
  try {
    const { states, transitions, depth } = breadthFirst(counters(90), [], {
      onProgress: (progress) => reported.push({ ...progress, at: clock }),
    })
    expect(reported.length).toBeGreaterThan(2)
    for (const [n, { frontier, seconds, bytes, at, ...sofar }] of reported.entries()) {
      const last = reported[n - 1] ?? { at: 0, states: 0, transitions: 0, depth: 0 }
      expect(at - last.at).toBeGreaterThanOrEqual(100)
      expect(at - last.at).toBeLessThan(200)
      expect(frontier).toBeGreaterThanOrEqual(0)
      expect(frontier).toBeLessThan(sofar.states)
      expect(seconds).toBeGreaterThan(0)
      expect(bytes).toBeGreaterThan(4 * VectorStore.chunkMask)
      expect(sofar.states).toBeGreaterThanOrEqual(last.states)
      expect(sofar.states).toBeLessThanOrEqual(states)
      expect(sofar.transitions).toBeGreaterThan(last.transitions)
      expect(sofar.transitions).toBeLessThanOrEqual(transitions)
      expect(sofar.depth).toBeGreaterThanOrEqual(last.depth)
      expect(sofar.depth).toBeLessThanOrEqual(depth)
    }
    expect(reported.some(({ frontier }) => frontier > 0)).toBe(true)
  } finally {
    now.mockRestore()
  }
})

it('the file of a frontier on disk is given back, also by a search that ends early', () => {
  const close = vi.spyOn(VectorStore.prototype, 'close')
  try {
    for (const maxStates of [5, 5000]) {
      close.mockClear()
      breadthFirst(counters(20), [], { maxStates })
      expect(close).toHaveBeenCalledOnce()
    }
  } finally {
    close.mockRestore()
  }
})

it.each(['exact', 'fingerprint'] as const)(
  'a state may have thousands of successors, %s storage',
  (storage) => {
    // More than the first table of visited states has room for, even when it has doubled.
    const wide = struct({ x: range(0, 99), y: range(0, 99) })
    const steps = Array.from({ length: 9900 }, (_, n) =>
      step<View<typeof wide>>(
        `to ${n}`,
        {},
        {
          does: (w) => {
            w.x = n % 100
            w.y = Math.floor(n / 100)
          },
        },
      ),
    )
    const threads = [one(program<View<typeof wide>>('jumper', 'goes anywhere', [choice('jump', steps)]))]
    const system = compose({ name: 'wide', world: wide, threads, initial: [() => {}] })
    const { states, transitions } = breadthFirst(system, [], { storage })
    expect([states, transitions]).toEqual([9901, 9900])
  },
)

describe('a search that is stopped', () => {
  const far = never('far', (w) => w.x === 20)

  it.each([
    ['states', { maxStates: 100 }, 'max-states'],
    ['time', { timeLimit: 0 }, 'time-limit'],
    ['a signal', { stop: () => true }, 'interrupted'],
  ])('by %s is incomplete, and says why', (_, options, why) => {
    const found = breadthFirst(counters(90), [far, never('near', (w) => w.x === 1)], options)
    expect(found.complete).toBe(false)
    expect(found.incompleteReason?.kind).toBe(why)
    expect(found.properties.map(({ verdict }) => verdict)).toEqual(['inconclusive', 'violated'])
    // A slice of states is expanded before a limit is checked.
    expect(found.states).toBeLessThan(5000)
  })

  it('with nothing left to expand is complete', () => {
    // Eleven levels of states; the search looks at its limits after each.
    const stoppedAt = (look: number) => {
      let looks = 0
      return breadthFirst(counters(5), [far], { stop: () => ++looks >= look })
    }
    expect([stoppedAt(11).complete, stoppedAt(11).incompleteReason]).toEqual([true, null])
    expect([stoppedAt(10).complete, stoppedAt(10).incompleteReason]).toEqual([false, { kind: 'interrupted' }])
    expect(breadthFirst(counters(5), [far], { maxDepth: 10 }).complete).toBe(true)
    expect(breadthFirst(counters(5), [far], { maxDepth: 9 }).complete).toBe(false)
  })

  it('by nothing puts its frontier on disk when memory is short', () => {
    const spill = vi.spyOn(VectorStore.prototype, 'spill')
    const load = vi.spyOn(VectorStore.prototype, 'load')
    const resident = vi.spyOn(process.memoryUsage, 'rss').mockReturnValue(850 * 1024 * 1024)
    try {
      expect(breadthFirst(counters(90), [], { memoryLimit: 1000 }).states).toBe(91 ** 2)
      expect(spill.mock.lastCall?.[0]).toBeGreaterThan(4000)
      // What is expanded is brought back before.
      expect(load.mock.calls[0]).toEqual([0, 1])
      for (const [from, to] of load.mock.calls) expect(to - from).toBeLessThanOrEqual(2048)
      spill.mockClear()
      expect(breadthFirst(counters(90), [], { memoryLimit: 2000 }).states).toBe(91 ** 2)
      expect(spill).not.toHaveBeenCalled()
    } finally {
      for (const spy of [spill, load, resident]) spy.mockRestore()
    }
  })
})

describe('what steps say', () => {
  const world = struct({ n: range(0, 9) })
  type World = View<typeof world>
  /** Counts to three, where it does what is forbidden, or has no step. */
  const threeSteps = (fault: Oops | null): System<World> => {
    const up = step<World>(
      'up',
      {},
      {
        when: (w) => w.n < 3 || fault !== null,
        does: (w) => {
          if (fault !== null && w.n === 3) throw fault
          w.n++
        },
        to: 'up',
      },
    )
    const threads = [one(program<World>('counter', 'counts', [up]))]
    return compose({ name: 'three', world, threads, initial: [() => {}] })
  }
  const free: Property<World> = { kind: 'deadlock', id: 'free', title: '' }
  const action: Property<World> = { kind: 'action', id: 'action', title: '', holds: (w) => w.n !== 1 }
  const wrong: Property<World> = { kind: 'fault', id: 'wrong', title: '' }
  const goal: Property<World> = { kind: 'progress', id: 'goal', title: '', goal: (w) => w.n === 2 }
  const lengths = ({ properties }: SearchResult) => properties.map((p) => p.trace?.steps.length)

  it('of actions, deadlocks and goals is evaluated with the graph', () => {
    const found = breadthFirst(threeSteps(null), [action, free, goal])
    expect([found.deadlocks, ...lengths(found)]).toEqual([1, 2, 3, 3])
    expect(found.complete).toBe(true)
  })

  it('of one action says nothing about another, and names the step', () => {
    const { properties } = breadthFirst(threeSteps(null), [
      { ...action, id: 'kept', holds: () => true },
      action,
    ])
    expect(properties.map(({ verdict, trace }) => [verdict, trace?.steps])).toEqual([
      ['holds', undefined],
      ['violated', [1, 2].map(() => ({ thread: 'counter', step: 'up' }))],
    ])
  })

  it('of an action names the step of whichever thread takes it', () => {
    const late: Property<Grid> = {
      kind: 'action',
      id: 'late',
      title: '',
      holds: (w, { kind }) => kind === 'x' || w.y < 2,
    }
    const { trace } = breadthFirst(counters(3), [late]).properties[0]
    expect(trace?.steps.map(({ thread }) => thread)).toEqual(['y', 'y', 'y'])
  })

  it('of the first state, that it is reached again, counts for goals', () => {
    const round = step<World>(
      'round',
      {},
      {
        does: (w) => {
          w.n = (w.n + 1) % 3
        },
        to: 'round',
      },
    )
    const threads = [one(program<World>('counter', 'counts', [round]))]
    const system = compose({ name: 'round', world, threads, initial: [() => {}] })
    const first: Property<World> = { kind: 'progress', id: 'first', title: '', goal: (w) => w.n === 0 }
    expect(breadthFirst(system, [first]).properties[0].verdict).toBe('holds')
  })

  it('is the same when orders of them are left out', () => {
    const found = breadthFirst(threeSteps(null), [action, free], { reduce: 'por' })
    expect([found.complete, ...found.properties.map(({ verdict }) => verdict)]).toEqual([
      true,
      'violated',
      'violated',
    ])
  })

  it('of an oops is found, and one that no property names makes the search incomplete', () => {
    const fault = new Oops('wrong', 'on purpose')
    const found = breadthFirst(threeSteps(fault), [wrong, action])
    expect([found.complete, found.transitions, ...lengths(found)]).toEqual([true, 4, 4, 2])
    const unasked = breadthFirst(threeSteps(fault), [action])
    expect([unasked.complete, ...lengths(unasked)]).toEqual([false, 2])
    expect(unasked.incompleteReason).toEqual({ kind: 'unasked-fault', fault: 'wrong' })
  })
})

it('properties are evaluated on states of several words', () => {
  const wide = struct({ a: range(0, 4000), b: range(0, 4000), d: range(0, 4000), c: range(0, 9) })
  type Wide = View<typeof wide>
  const up = step<Wide>(
    'up',
    { validEnd: true },
    {
      when: (w) => w.c < 9,
      does: (w) => {
        w.c++
        w.a += 400
      },
      to: 'up',
    },
  )
  const threads = [one(program<Wide>('counter', 'counts', [up]))]
  const system = compose({ name: 'wide', world: wide, threads, initial: [() => {}] })
  const asked = [3, 7, 8].map((n): Property<Wide> => {
    return { kind: 'invariant', id: `not ${n}`, title: '', holds: (w) => w.c !== n || w.a !== 400 * n }
  })
  const { properties } = breadthFirst(system, asked)
  expect(properties.map(({ antecedent, trace }) => [antecedent, trace?.steps.length])).toEqual([
    [10, 3],
    [10, 7],
    [10, 8],
  ])
})

it('an error that is not one of model code comes out as it is', () => {
  const stop = (): boolean => {
    throw new Error('on purpose')
  }
  expect(() => breadthFirst(counters(5), [], { stop })).toThrow(new Error('on purpose'))
})

it('a search for traces ends when it has all of them, or says why it has not', () => {
  const asked = [never('two', (w) => w.x === 2), never('four', (w) => w.x === 4), never('none', () => false)]
  const found = breadthFirst(counters(9), asked).properties
  const { traces, stopped } = tracesTo(counters(9), asked, ['four', 'two'], { maxDepth: 5 })
  expect(stopped).toBe(null)
  expect(traces).toEqual([
    ['two', found[0].trace],
    ['four', found[1].trace],
  ])
  expect(tracesTo(counters(9), asked, ['two'], { maxDepth: 3 })).toEqual({
    traces: [['two', found[0].trace]],
    stopped: null,
  })
  const cut = tracesTo(counters(9), asked, ['two', 'four'], { maxDepth: 3 })
  expect([cut.traces.map(([id]) => id), cut.stopped]).toEqual([['two'], { kind: 'max-depth', depth: 3 }])
})
