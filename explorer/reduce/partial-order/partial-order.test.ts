import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Case, type Program, program, type Step, step } from '../../../model/language/program.ts'
import { Oops, type Property } from '../../../model/language/property.ts'
import { referenceRun } from '../../../model/language/reference.ts'
import { array, flag, range, struct, type View } from '../../../model/language/shapes.ts'
import { compose, one, type System } from '../../../model/language/system.ts'
import { LITMUS } from '../../oracles/litmus.ts'
import { PUBLISHED_COUNTS } from '../../oracles/published-counts.ts'
import { randomSystem } from '../../oracles/random-system.ts'
import { breadthFirst, type SearchOptions } from '../../search/breadth-first.ts'
import type { SearchResult } from '../../search/result.ts'
import { effort } from '../../testing/effort.ts'
import type { Reduce } from '../reduce-option.ts'
import { contradictions } from '../self-check.ts'
import { randomSymmetric } from '../symmetry/testing/random-symmetric.ts'
import type { PartialOrderReport } from './partial-order.ts'

const tapes = fc.array(fc.nat(1 << 20), { minLength: 20, maxLength: 120 })

const verdicts = ({ properties }: SearchResult) => properties.map(({ id, verdict }) => ({ id, verdict }))

/** The steps that are taken at all. */
const taken = ({ steps }: SearchResult): string[] => [...steps].filter(([, n]) => n > 0).map(([name]) => name)

/** The search with both reductions, which `all` makes when the one without partial order does not fit. */
function withBoth<W>(system: System<W>, properties: readonly Property<W>[], options: SearchOptions = {}) {
  const symmetric = breadthFirst(system, properties, { reduce: 'symmetry', ...options })
  const bound = { maxStates: symmetric.states - 1 }
  return { symmetric, both: breadthFirst(system, properties, { reduce: 'all', ...options, ...bound }) }
}

describe('random systems', () => {
  const generators = { symmetric: randomSymmetric, any: randomSystem } as const
  for (const [name, make] of Object.entries(generators)) {
    for (const storage of ['exact', 'fingerprint'] as const) {
      it(`verdicts agree with the full search: ${name}, ${storage}`, () => {
        let kept = 0
        let all = 0
        fc.assert(
          fc.property(tapes, (tape) => {
            const { system, properties } = make(tape) as ReturnType<typeof randomSystem>
            const full = breadthFirst(system, properties, { storage })
            const reduced = breadthFirst(system, properties, { reduce: 'por', storage })
            expect(reduced.complete).toBe(full.complete)
            expect(verdicts(reduced)).toEqual(verdicts(full))
            expect(contradictions(reduced, full)).toEqual([])
            expect(taken(reduced)).toEqual(taken(full))
            for (const { trace } of reduced.properties) if (trace !== null) referenceRun(system, trace)
            kept += reduced.states
            all += full.states
          }),
          { numRuns: effort(15, 200) },
        )
        expect(kept).toBeLessThan(all)
      })
    }
  }

  it('together with symmetry', () => {
    let fewer = 0
    fc.assert(
      fc.property(tapes, (tape) => {
        const { system, properties } = randomSymmetric(tape)
        const judged = properties.filter(({ kind }) => kind !== 'action' && kind !== 'invariant')
        const full = breadthFirst(system, judged)
        const { symmetric, both } = withBoth(system, judged)
        if (!both.complete || both.reduction.partialOrder === null) return
        expect(verdicts(both)).toEqual(verdicts(full))
        expect(both.states).toBeLessThan(symmetric.states)
        for (const { trace } of both.properties) if (trace !== null) referenceRun(system, trace)
        fewer++
      }),
      { numRuns: effort(15, 200) },
    )
    // Some forty in most runs and some twenty in the poorest of hundreds.
    expect(fewer).toBeGreaterThan(5)
  })
})

describe('published models', () => {
  for (const row of PUBLISHED_COUNTS) {
    if (row.states > 20_000) continue
    it(`${row.id} keeps its deadlocks`, () => {
      const full = breadthFirst(row.build(), [])
      const reduced = breadthFirst(row.build(), [], { reduce: 'por' })
      expect(contradictions(reduced, full)).toEqual([])
      expect(taken(reduced)).toEqual(taken(full))
    })
  }
  it.each(LITMUS.filter(({ id }) => id !== 'lastzero-5'))('$id keeps its final states', ({ build }) => {
    const ends = (reduce: Reduce): { states: number; ends: number } => {
      let ends = 0
      const counting: Property<unknown> = {
        kind: 'invariant',
        id: 'end',
        title: '',
        given: (_, at) => Object.values(at).every((counters) => counters[0] === 'done'),
        holds: () => true,
      }
      const { states, properties } = breadthFirst(build(), [counting], { reduce })
      ends = properties[0].antecedent
      return { states, ends }
    }
    expect(ends('por').ends).toBe(ends('none').ends)
    expect(ends('por').states).toBeLessThanOrEqual(ends('none').states)
  })
})

const world = struct({ x: range(0, 3), y: range(0, 3), z: range(0, 3), lock: flag, spin: range(0, 2) })
type World = View<typeof world>

const act = (name: string, body: Case<World> | Case<World>[] = {}): Step<World> => step<World>(name, {}, body)
const put = (name: 'x' | 'y' | 'z' | 'spin', value: number): Case<World> => ({
  does: (w) => {
    w[name] = value
  },
})
const set = put
const lock = (held: boolean): Case<World> => ({
  does: (w) => {
    w.lock = held
  },
})

function systemOf(...threads: readonly (readonly Step<World>[])[]): System<World> {
  return compose({
    name: 'small',
    world,
    threads: threads.map((steps, t) => one(program<World>(`t${t}`, 'a thread', steps) as Program<World>)),
    initial: [() => {}],
  })
}

function compare(system: System<World>, ...properties: readonly Property<World>[]) {
  const full = breadthFirst(system, properties)
  const reduced = breadthFirst(system, properties, { reduce: 'por' })
  expect(verdicts(reduced)).toEqual(verdicts(full))
  expect(contradictions(reduced, full)).toEqual([])
  expect(taken(reduced)).toEqual(taken(full))
  for (const { trace } of reduced.properties) if (trace !== null) referenceRun(system, trace)
  return { full, reduced, report: reduced.reduction.partialOrder as PartialOrderReport }
}

const never = (id: string, bad: (w: World) => boolean): Property<World> => ({
  kind: 'invariant',
  id,
  title: '',
  holds: (w) => !bad(w),
})

describe('what a careless reduction loses', () => {
  it('a thread that cycles alone does not postpone the others forever', () => {
    const spin = (value: number): Case<World> => put('spin', value)
    const system = systemOf(
      [act('S.0', spin(1)), act('S.1', { ...spin(2), to: 'S.0' })],
      [act('W', set('x', 1))],
    )
    const { reduced } = compare(
      system,
      never('x stays 0', (w) => w.x === 1),
    )
    expect(reduced.properties[0].verdict).toBe('violated')
  })

  it('the order of independent steps is seen by an invariant that looks at both', () => {
    const system = systemOf([act('X', set('x', 1))], [act('Y', set('y', 1))])
    for (const bad of [(w: World) => w.x > w.y, (w: World) => w.y > w.x]) {
      expect(compare(system, never('order', bad)).reduced.properties[0].verdict).toBe('violated')
    }
    // Each for itself needs no order, and what lies between is not kept.
    const { reduced } = compare(
      system,
      never('x', (w) => w.x === 2),
      never('y', (w) => w.y === 2),
    )
    expect(reduced.states).toBe(2)
  })

  it('a step that an independent one could enable', () => {
    const system = systemOf(
      [act('L', set('z', 1)), act('X', set('x', 1))],
      [act('G', { when: (w) => w.x === 1 }), act('Y', set('y', 1))],
    )
    expect(
      compare(
        system,
        never('y', (w) => w.y === 1),
      ).reduced.properties[0].verdict,
    ).toBe('violated')
  })

  it('a thread that waits for another that is free to end the wait', () => {
    const both = {
      does: (w: World) => {
        w.x = 2
        w.z = 1
      },
    }
    const system = systemOf(
      [act('X', set('x', 1))],
      [act('G', { when: (w) => w.y === 1 }), act('X.2', both)],
      [act('Y', set('y', 1))],
    )
    const last = never('X is last', (w) => w.x === 1 && w.z === 1)
    expect(compare(system, last).reduced.properties[0].verdict).toBe('violated')
  })

  it('a field that a step reads only after another thread has moved', () => {
    // R reads y only once x is set; until then nothing that it does depends on the writer of y.
    const system = systemOf(
      [act('Y.1', set('y', 1)), act('Y.2', set('y', 2))],
      [act('X', set('x', 1))],
      [
        act('R', [
          { when: (w) => w.x === 1 && w.y === 1, ...set('z', 3) },
          { when: (w) => w.x === 1 && w.y === 0, ...set('z', 2) },
          { to: 'R' },
        ]),
      ],
    )
    compare(
      system,
      never('z is 3', (w) => w.z === 3),
      never('z is 2', (w) => w.z === 2),
    )
  })

  it('what an action property reads of others counts as read by the step', () => {
    const system = systemOf([act('X', set('x', 1))], [act('Y', set('y', 1))])
    const orders: Property<World>[] = [0, 1].map((value) => ({
      kind: 'action',
      id: `y ${value}`,
      title: '',
      given: (_, { path }) => path === 'X',
      holds: (before) => before.y !== value,
    }))
    for (const { verdict } of compare(system, ...orders).reduced.properties) expect(verdict).toBe('violated')
  })

  it('deadlocks that only one order reaches', () => {
    const take = (to: string): Case<World> => ({
      when: (w) => !w.lock,
      ...lock(true),
      to,
    })
    const system = systemOf(
      [act('A', take('A.2')), act('A.2', { when: (w) => w.x === 1, ...lock(false) })],
      [act('B', take('B.2')), act('B.2', { ...set('x', 1) }), act('B.3', lock(false))],
    )
    const { full, reduced } = compare(system, { kind: 'deadlock', id: 'd', title: '' })
    expect(full.deadlocks).toBeGreaterThan(0)
    expect(reduced.deadlocks).toBe(full.deadlocks)
  })

  it('a goal that stays possible only while one step waits', () => {
    const system = systemOf(
      [act('X', set('x', 1))],
      [act('Y', { when: (w) => w.x === 0, ...set('y', 1) })],
      [act('Z', set('z', 1))],
    )
    const goal: Property<World> = { kind: 'progress', id: 'y', title: '', goal: (w) => w.y === 1 }
    expect(compare(system, goal).reduced.properties[0].verdict).toBe('violated')
  })
})

describe('threads that together can reach more than the look-ahead visits', () => {
  const many = struct({ a: flag, b: flag, c: flag, digit: array(3, range(0, 9)) })
  type Many = View<typeof many>
  const counts = step<Many>(
    'up',
    { validEnd: true },
    {
      when: (w) => w.digit[2] < 9,
      does: (w) => {
        w.digit[2]++
      },
      to: 'up',
    },
  )
  /** Raises a flag, the last two not before a digit of theirs is nine. */
  const raise = (name: 'a' | 'b' | 'c', digit: number | null) =>
    program<Many>(`raises ${name}`, 'counts, then raises a flag', [
      step('wait', {}, [
        {
          when: (w) => digit !== null && w.digit[digit] < 9,
          does: (w) => {
            if (digit !== null) w.digit[digit]++
          },
          to: 'wait',
        },
        {
          does: (w) => {
            w[name] = true
          },
        },
      ]),
    ])
  const system = compose({
    name: 'many',
    world: many,
    threads: [
      one(raise('c', null)),
      one(raise('a', 0)),
      one(raise('b', 1)),
      one(program('counter', 'counts to nine', [counts])),
    ],
    initial: [() => {}],
  })

  it('are examined one by one', () => {
    const full = breadthFirst(system, [])
    const reduced = breadthFirst(system, [], { reduce: 'por' })
    expect(full.states).toBe(2 * 11 * 11 * 10)
    expect(contradictions(reduced, full)).toEqual([])
    expect(reduced.states).toBeLessThan(5)
  })

  it('and what one of them can do only after another is not overlooked', () => {
    const counting: Case<Many> = {
      when: (w) => w.digit[1] < 9,
      does: (w) => {
        w.digit[1]++
      },
      to: 'wait',
    }
    const late = program<Many>('late', 'waits for a, and for c to be late', [
      step('wait', {}, [
        counting,
        {
          when: (w) => w.a && !w.c,
          does: (w) => {
            w.b = true
          },
        },
        { when: (w) => w.a },
      ]),
    ])
    const waiting = compose({
      name: 'waiting',
      world: many,
      threads: [one(raise('c', null)), one(raise('a', 0)), one(late), one(program('counter', '', [counts]))],
      initial: [() => {}],
    })
    const inTime: Property<Many> = { kind: 'invariant', id: 'in time', title: '', holds: (w) => !w.b }
    const reduced = breadthFirst(waiting, [inTime], { reduce: 'por' })
    expect(reduced.properties[0].verdict).toBe('violated')
  })

  it('and a property that two of them bring about together is still violated', () => {
    const both: Property<Many> = {
      kind: 'invariant',
      id: 'c comes first',
      title: '',
      holds: (w) => !(w.a && w.b) || w.c,
    }
    const reduced = breadthFirst(system, [both], { reduce: 'por' })
    expect(reduced.properties[0].verdict).toBe('violated')
  })
})

describe('what it saves', () => {
  it('of private steps only the end is kept', () => {
    const threads = (['x', 'y', 'z'] as const).map((name) => [
      act('1', set(name, 1)),
      act('2', set(name, 2)),
      act('3', set(name, 3)),
    ])
    const { full, reduced } = compare(systemOf(...threads), { kind: 'deadlock', id: 'd', title: '' })
    expect({ full: full.states, reduced: reduced.states }).toEqual({ full: 64, reduced: 2 })
  })

  it('who waits for a lock, or is on the way to it, is no reason to leave a lock section', () => {
    const section = (own: 'y' | 'z'): Step<World>[] => [
      act('before', put(own, 1)),
      act('lock', { when: (w) => !w.lock, ...lock(true) }),
      act('in', {
        does: (w) => {
          w.x = (w.x + 1) % 4
        },
      }),
      act('unlock', lock(false)),
    ]
    const { full, reduced } = compare(systemOf(section('y'), section('z')))
    // The beginning, after one section, and after both: who is first makes no difference in the end.
    expect({ full: full.states, reduced: reduced.states }).toEqual({ full: 21, reduced: 3 })
  })
})

describe('what happens on a compressed path', () => {
  const count = [1, 2, 3].map((value) => act(`X.${value}`, put('x', value)))
  const beside = [act('Y', put('y', 1))]

  it('of one thread is skipped, and counted', () => {
    const { reduced, report } = compare(systemOf(count), { kind: 'deadlock', id: 'd', title: '' })
    expect([reduced.states, report.passed, reduced.transitions]).toEqual([2, 2, 3])
  })

  it('a violation is found where it is', () => {
    for (const threads of [[count], [count, beside]]) {
      const { reduced } = compare(
        systemOf(...threads),
        never('x is not 2', (w) => w.x === 2),
      )
      expect(reduced.properties[0].verdict).toBe('violated')
      expect(reduced.properties[0].trace?.steps.at(-1)?.step).toBe('X.2')
    }
  })

  it('an antecedent, a witness and a goal are seen', () => {
    const between: Property<World>[] = [
      { kind: 'invariant', id: 'i', title: '', given: (w) => w.x === 1, holds: (w) => w.z === 0 },
      { kind: 'witness', id: 'w', title: '', seen: (w) => w.x === 2 },
      { kind: 'progress', id: 'p', title: '', goal: (w) => w.x === 2 },
    ]
    const round = [...count, act('X.4', { ...put('x', 0), to: 'X.1' })]
    for (const threads of [[round], [round, beside]]) {
      const { reduced } = compare(systemOf(...threads), ...between)
      expect(reduced.properties.map((p) => [p.verdict, p.antecedent > 0])).toEqual([
        ['holds', true],
        ['reached', true],
        ['holds', true],
      ])
    }
    // Behind the last state with x = 2 the goal is lost.
    expect(compare(systemOf(count, beside), between[2]).reduced.properties[0].verdict).toBe('violated')
  })

  it('a fault and a violating step are found', () => {
    const wrong = act('X.wrong', {
      does: () => {
        throw new Oops('wrong', 'on purpose')
      },
    })
    const last: Property<World> = {
      kind: 'action',
      id: 'a',
      title: '',
      given: (_, { path }) => path === 'X.3',
      holds: (before) => before.x !== 2,
    }
    for (const threads of [[[...count, wrong]], [[...count, wrong], beside]]) {
      const system = systemOf(...threads)
      const { reduced } = compare(system, { kind: 'fault', id: 'wrong', title: '' }, last)
      expect(reduced.properties.map((p) => p.verdict)).toEqual(['violated', 'violated'])
      expect(reduced.properties.map((p) => p.trace?.steps.at(-1)?.step)).toEqual(['X.wrong', 'X.3'])
    }
  })

  it('an invisible cycle neither hides the other threads nor keeps the search from ending', () => {
    const round = [act('S.1'), act('S.2'), act('S.3', { to: 'S.1' })]
    const { reduced } = compare(
      systemOf(round, count, beside),
      never('x stays below 3', (w) => w.x === 3),
      { kind: 'deadlock', id: 'd', title: '' },
    )
    expect(reduced.properties.map((p) => p.verdict)).toEqual(['violated', 'holds'])
    expect(compare(systemOf(round)).full.states).toBe(3)
  })

  it('a deadlock is found behind it', () => {
    const waits = act('G', { when: (w) => w.z === 3 })
    const { full, reduced } = compare(systemOf([...count, waits], beside), {
      kind: 'deadlock',
      id: 'd',
      title: '',
    })
    expect([full.deadlocks, reduced.deadlocks]).toEqual([1, 1])
  })
})

it('`all` keeps traces shortest where the search fits', () => {
  const { reduction } = breadthFirst(systemOf([act('X')], [act('Y')]), [], { reduce: 'all' })
  expect(reduction.partialOrder).toBeNull()
  expect(reduction.notApplied).toContainEqual({ kind: 'partial-order-not-needed' })
})

it('a violation is not dropped because the search that found it did not fit either', () => {
  const count = (name: 'x' | 'y' | 'z') => [1, 2, 3].map((value) => act(String(value), put(name, value)))
  const system = systemOf(count('x'), count('y'), count('z'), [
    act('1', put('spin', 1)),
    act('2', put('spin', 2)),
  ])
  const late = never('late', (w) => w.x === 3)
  const bound = { maxStates: 2 }
  expect(breadthFirst(system, [late], bound).properties[0].verdict).toBe('inconclusive')
  const all = breadthFirst(system, [late], { reduce: 'all', ...bound })
  expect([all.complete, all.properties[0].verdict]).toEqual([false, 'violated'])
})
