import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { ModelError } from '../../model/language/errors.ts'
import { choice, program, step } from '../../model/language/program.ts'
import { Oops, type Property } from '../../model/language/property.ts'
import { range, sort, struct, type View } from '../../model/language/shapes.ts'
import { compose, each, one, type System } from '../../model/language/system.ts'
import { CompiledSystem } from '../compile/compiled-system.ts'
import { Predicates } from '../compile/predicates.ts'
import { RECORD } from '../compile/transition-record.ts'
import { naiveCheck } from '../oracles/naive-checker.ts'
import { randomSystem } from '../oracles/random-system.ts'
import { breadthFirst } from './breadth-first.ts'
import { type DecidedAt, decidedAt, PropertyMonitor } from './property-monitor.ts'
import { searchRandom } from './random/search-random.ts'
import type { StateGraph } from './state-graph.ts'
import { UNNUMBERED, Valuations } from './valuations.ts'

/** As many action properties as can be checked at once: one bit of a record each. */
const MOST_ACTIONS = 31

const world = struct({ n: range(0, MOST_ACTIONS) })
type World = View<typeof world>

/** From 0, step k leads to k + 1, where it ends. */
const fan = compose({
  name: 'fan',
  world,
  threads: [
    one(
      program<World>('fan', 'chooses a number', [
        choice(
          'choose',
          Array.from({ length: MOST_ACTIONS }, (_, k) =>
            step<World>(
              `to ${k + 1}`,
              {},
              {
                does: (w) => {
                  w.n = k + 1
                },
              },
            ),
          ),
        ),
      ]),
    ),
  ],
  initial: [() => {}],
})

/** Concerns the steps to `n` and to all larger numbers, and is violated by the step to `n`. */
const notTo = (n: number): Property<World> => ({
  kind: 'action',
  id: `not-to-${n}`,
  title: '',
  given: (_, __, after) => after.n >= n,
  holds: (_, __, after) => after.n !== n,
})

describe('each of 31 action properties', () => {
  const all = Array.from({ length: MOST_ACTIONS }, (_, k) => notTo(k + 1))

  it('is reported by the step that violates it, and counts the steps it concerns', () => {
    for (const reduce of ['none', 'por'] as const) {
      const { properties } = breadthFirst(fan, all, { reduce })
      expect(
        properties.map(({ id, verdict, antecedent, trace }) => ({
          id,
          verdict,
          antecedent,
          steps: trace?.steps.map((s) => s.step),
        })),
      ).toEqual(
        all.map(({ id }, k) => ({
          id,
          verdict: 'violated',
          antecedent: MOST_ACTIONS - k,
          steps: [`to ${k + 1}`],
        })),
      )
    }
  })

  it('is evaluated separately from the others', () => {
    for (const [k, property] of all.entries()) {
      const others = all.map((p, n) => (n === k ? p : { ...p, holds: () => true }))
      const violated = breadthFirst(fan, others as Property<World>[])
        .properties.filter(({ verdict }) => verdict === 'violated')
        .map(({ id }) => id)
      expect(violated).toEqual([property.id])
    }
  })

  it('is seen by a sample', () => {
    const { properties } = searchRandom(fan, all, { method: 'walks', walks: 20 })
    expect(properties.map(({ verdict }) => verdict)).toEqual(all.map(() => 'violated'))
  })

  it('and a 32nd is refused, not forgotten', () => {
    expect(() => breadthFirst(fan, [...all, notTo(0)])).toThrow(
      new ModelError('at most 31 action properties can be checked at once'),
    )
  })
})

const tapes = fc.array(fc.nat(1 << 20), { minLength: 20, maxLength: 120 })

describe('against the naive checker', () => {
  /** Verdicts, antecedents and lengths, and the number of deadlocks. */
  const compare = (): void => {
    fc.assert(
      fc.property(tapes, (tape) => {
        const { system, properties } = randomSystem(tape)
        const naive = naiveCheck(system, properties)
        const ours = breadthFirst(system, properties)
        expect(ours.deadlocks).toBe(naive.deadlocks)
        const said = ours.properties.map(({ id, verdict, antecedent, trace }) => {
          return [id, { verdict, antecedent, length: trace?.steps.length ?? null }]
        })
        expect(said).toEqual([...naive.findings])
      }),
      { numRuns: 30 },
    )
  }

  it('where states are counted by valuation', compare)

  it('where there are too many valuations', () => {
    const ofState = vi.spyOn(Valuations.prototype, 'ofState').mockReturnValue(UNNUMBERED)
    try {
      compare()
    } finally {
      ofState.mockRestore()
    }
  })
})

/** Counts from 0 to `top`, which is a valid end state if `mayEnd`. */
function counting(top: number, mayEnd = true): System<{ n: number }> {
  const shape = struct({ n: range(0, top) })
  const up = step<View<typeof shape>>(
    'up',
    { validEnd: mayEnd },
    {
      when: (w) => w.n < top,
      does: (w) => {
        w.n++
      },
      to: 'up',
    },
  )
  const threads = [one(program<View<typeof shape>>('counter', 'counts', [up]))]
  return compose({ name: 'counting', world: shape, threads, initial: [() => {}] }) as System<{ n: number }>
}

const goal = (id: string, holds: (n: number) => boolean): Property<{ n: number }> => ({
  kind: 'progress',
  id,
  title: '',
  goal: ({ n }) => holds(n),
})

it('goals are remembered of more states than there is room for at first', () => {
  const far = struct({ hundreds: range(0, 90), rest: range(0, 99) })
  type Far = View<typeof far>
  const nOf = (w: Far): number => 100 * w.hundreds + w.rest
  const up = step<Far>(
    'up',
    { validEnd: true },
    {
      when: (w) => nOf(w) < 9000,
      does: (w) => {
        const next = nOf(w) + 1
        w.hundreds = Math.floor(next / 100)
        w.rest = next % 100
      },
      to: 'up',
    },
  )
  const threads = [one(program<Far>('counter', 'counts', [up]))]
  const system = compose({ name: 'far', world: far, threads, initial: [() => {}] })
  const goals: [string, (n: number) => boolean][] = [
    ['early', (n) => n <= 4000],
    ['late', (n) => n <= 8500],
    ['sometimes', (n) => n % 4096 === 0],
    ['last', (n) => n === 9000],
    ['never', () => false],
  ]
  const { properties } = breadthFirst(
    system,
    goals.map(([id, holds]): Property<Far> => {
      return { kind: 'progress', id, title: '', goal: (w) => holds(nOf(w)) }
    }),
  )
  expect(properties.map(({ antecedent, trace }) => [antecedent, trace?.steps.length])).toEqual([
    [4001, 4001],
    [8501, 8501],
    [3, 8193],
    [1, undefined],
    [0, 0],
  ])
})

/** A record of one transition, by step `step`, that ends in an oops if one is named. */
function ending(oops: string | null, step = 0): Pick<CompiledSystem, 'records' | 'faults'> {
  const records = new Int32Array(RECORD.first)
  records[RECORD.step] = step
  records[RECORD.fault] = oops === null ? 0 : 1
  return { records, faults: oops === null ? [] : [new Oops(oops, '')] }
}

/** A monitor of a counter, and what it needs to be shown states. */
function monitorOf(properties: readonly Property<{ n: number }>[], system = counting(9)) {
  const compiled = new CompiledSystem(system)
  const predicates = new Predicates(system, PropertyMonitor.predicatesOf(properties))
  const monitor = new PropertyMonitor(
    system,
    properties,
    predicates,
    new Valuations(predicates, compiled),
    decidedAt,
  )
  const show = (id: number, n: number, counter = 0): void => {
    const words = new Int32Array(1 + system.layout.words)
    system.layout.pack([n, counter], words, 1)
    monitor.state(id, words, 1)
  }
  const evidence = {
    complete: true,
    states: 4,
    stateGraph: null,
    eachActionRecord: (visit: (records: Int32Array, record: number) => void) =>
      compiled.eachRecord((record) => visit(compiled.records, record)),
    traceTo: ({ state }: DecidedAt) => ({ initial: state, steps: [] }),
  }
  return { monitor, show, evidence, system }
}

const small: Property<{ n: number }> = { kind: 'invariant', id: 'small', title: '', holds: ({ n }) => n < 5 }

describe('a monitor', () => {
  it('refuses two properties of one name', () => {
    expect(() => monitorOf([small, goal('a', () => true), small])).toThrow(
      new ModelError('two of the properties to check are called small'),
    )
  })

  it('keeps the first finding of each property', () => {
    const { monitor, show, evidence } = monitorOf([small, goal('a', () => true)])
    for (const [id, n] of [3, 6, 5, 4, 6].entries()) show(id, n)
    expect([...monitor.findings]).toEqual([['small', { state: 1, step: null }]])
    expect(monitor.antecedents(evidence)).toEqual([5, 5])
    monitor.transition(7, ending('broken', 8), 0)
    monitor.transition(9, ending('broken', 8), 0)
    expect(monitor.findings.get('broken')).toEqual({ state: 7, step: 8 })
    expect(monitor.results(evidence)[0]).toMatchObject({ verdict: 'violated', trace: { initial: 1 } })
  })

  it('names a fault that no property speaks of', () => {
    const faultless: Property<{ n: number }> = { kind: 'fault', id: 'asked', title: '' }
    const { monitor } = monitorOf([faultless])
    monitor.transition(0, ending(null), 0)
    monitor.transition(0, ending('asked'), 0)
    expect(monitor.unaskedFault).toBe(null)
    monitor.transition(0, ending('unasked'), 0)
    expect(monitor.unaskedFault).toBe('unasked')
    expect(() => monitorOf([small]).monitor.transition(0, ending('small'), 0)).toThrow(
      'is a property of kind invariant',
    )
  })

  it('continues from restored counts and findings', () => {
    const properties = [small, { ...small, id: 'other' }]
    const { monitor, show, evidence } = monitorOf(properties)
    monitor.restore([['other', { state: 3, step: 2 }]], [10, 20], 6)
    show(8, 7)
    expect(monitor.antecedents(evidence)).toEqual([11, 21])
    expect([...monitor.findings]).toEqual([
      ['other', { state: 3, step: 2 }],
      ['small', { state: 8, step: null }],
    ])
    expect(monitor.deadlocks).toBe(6)
  })

  it('marks the goals of restored states, and counts nothing', () => {
    const goals = [goal('even', (n) => n % 2 === 0), goal('odd', (n) => n % 2 === 1)]
    const { monitor, evidence, system } = monitorOf([small, ...goals])
    expect([monitor.bytes, monitorOf([small]).monitor.bytes]).toEqual([4096, 0])
    for (const [id, n] of [
      [0, 2],
      [1, 4],
      [2, 7],
      [5000, 7],
    ]) {
      const words = new Int32Array(1 + system.layout.words)
      system.layout.pack([n, 0], words, 1)
      monitor.restoreGoals(id, words, 1)
    }
    expect(monitor.bytes).toBe(8192)
    expect(monitor.antecedents(evidence)).toEqual([0, 0, 0])
    expect([...monitor.findings]).toEqual([])
    // Without steps, the first state without a goal is the first from which none is reached.
    const stateGraph = { markBackwards: () => {} } as unknown as StateGraph
    monitor.results({ ...evidence, stateGraph })
    expect([...monitor.findings]).toEqual([
      ['even', { state: 2, step: null }],
      ['odd', { state: 0, step: null }],
    ])
  })

  it('says nothing about goals in an unfinished graph, or without one', () => {
    const { verdict } = breadthFirst(counting(9), [goal('first', (n) => n === 0)], { maxStates: 5 })
      .properties[0]
    expect(verdict).toBe('inconclusive')
    const { monitor, show, evidence } = monitorOf([goal('first', (n) => n === 0)])
    for (const id of [0, 1, 2, 3]) show(id, id)
    expect(monitor.results(evidence)[0].verdict).toBe('inconclusive')
    expect([...monitor.findings]).toEqual([])
  })

  it('counts a deadlock only if a thread is not at a valid end', () => {
    const free: Property<{ n: number }> = { kind: 'deadlock', id: 'free', title: '' }
    const also: Property<{ n: number }> = { kind: 'deadlock', id: 'also', title: '' }
    for (const mayEnd of [true, false]) {
      const { deadlocks, properties } = breadthFirst(counting(3, mayEnd), [small, free, also])
      expect(deadlocks).toBe(mayEnd ? 0 : 1)
      const expected = mayEnd ? ['holds', 'holds', 'holds'] : ['holds', 'violated', 'violated']
      expect(properties.map(({ verdict }) => verdict)).toEqual(expected)
    }
  })

  it('has room for the goal of the state after the last it has room for', () => {
    const { monitor, system } = monitorOf([goal('any', () => true)])
    const words = new Int32Array(system.layout.words)
    monitor.restoreGoals(4095, words, 0)
    expect(monitor.bytes).toBe(4096)
    monitor.restoreGoals(4096, words, 0)
    expect(monitor.bytes).toBe(8192)
  })

  it('finds the program counters in any word of a state', () => {
    const many = sort('worker', 20)
    const nothing = struct({})
    const places = [step('rest', { validEnd: true }, {}), step('work', {}, {})]
    const threads = [each(many, program('worker', 'rests and works', places))]
    const system = compose({ name: 'many', world: nothing, threads, initial: [() => {}] })
    const { counter, flow } = system.threads[19]
    expect(counter.word).toBeGreaterThan(0)
    const { monitor } = monitorOf([], system as unknown as System<{ n: number }>)
    const { words, fields } = system.layout
    for (const place of ['rest', 'work']) {
      const encoded = new Uint16Array(fields.length)
      for (const t of system.threads) encoded[t.counter.index] = flow.counters.indexOf('rest')
      encoded[counter.index] = flow.counters.indexOf(place)
      const states = new Int32Array(3 * words)
      system.layout.pack(encoded, states, words)
      monitor.terminal(0, states, words)
      expect(monitor.deadlocks).toBe(place === 'rest' ? 0 : 1)
    }
  })

  it('counts a deadlock if one thread is at a valid end and another is not', () => {
    const shape = struct({ never: range(0, 1) })
    type Shape = View<typeof shape>
    const waits = (name: string, mayEnd: boolean) =>
      one(program<Shape>(name, 'waits', [step('wait', { validEnd: mayEnd }, { when: (w) => w.never === 1 })]))
    for (const [a, b] of [
      [true, false],
      [false, true],
      [true, true],
    ]) {
      const threads = [waits('a', a), waits('b', b)]
      const system = compose({ name: 'waiting', world: shape, threads, initial: [() => {}] })
      expect(breadthFirst(system, []).deadlocks).toBe(a && b ? 0 : 1)
    }
  })
})
