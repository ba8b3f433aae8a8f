import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ModelError } from '../../../model/language/errors.ts'
import { program, step } from '../../../model/language/program.ts'
import { Oops, type Property } from '../../../model/language/property.ts'
import { range, struct, type View } from '../../../model/language/shapes.ts'
import { compose, one, type System } from '../../../model/language/system.ts'
import type { Trace } from '../../../model/language/trace.ts'
import { naiveCheck } from '../../oracles/naive-checker.ts'
import { peterson } from '../../oracles/peterson.ts'
import { randomSystem } from '../../oracles/random-system.ts'
import { twoPhase } from '../../oracles/two-phase.ts'
import { effort } from '../../testing/effort.ts'
import { breadthFirst } from '../breadth-first.ts'
import type { SearchResult } from '../result.ts'
import { leastPreemptions } from '../testing/naive-preemptions.ts'
import { fewPreemptions } from './preemptions.ts'
import { type RandomOptions, searchRandom } from './search-random.ts'

const methods = ['walks', 'priorities', 'preemptions'] as const
const tape = fc.array(fc.nat(999), { minLength: 20, maxLength: 90 })

/** What must be the same each time. */
const essence = ({ seconds, ...rest }: SearchResult) => rest

/** True when the model code itself can do what a trace says; a fault may end it. */
function canBeDone<W>(system: System<W>, trace: Trace): boolean {
  let encoded = [...system.initial[trace.initial]]
  for (const [n, { thread, step: path }] of trace.steps.entries()) {
    const t = system.threads.find(({ name }) => name === thread)
    const here = t?.flow.counters[encoded[t.counter.index]]
    const located = t?.flow.steps.find((l) => l.path === path && l.at === here)
    if (t === undefined || located === undefined) return false
    const after = [...encoded]
    const { world } = system.view({
      read: (field) => after[field],
      write: (field, value) => {
        after[field] = value
      },
    })
    try {
      const taken = located.step.cases.findIndex((c) => c.when === undefined || c.when(world, t.self))
      if (taken < 0) return false
      located.step.cases[taken].does?.(world, t.self)
      after[t.counter.index] = t.flow.counters.indexOf(t.flow.target(located, taken))
    } catch {
      return n === trace.steps.length - 1
    }
    encoded = after
  }
  return true
}

describe.each(methods)('search by %s', (method) => {
  const options: RandomOptions = { method, walks: 200, maxDepth: 60, maxPreemptions: 3 }

  it('reports only real violations and never says that a property holds', () => {
    let violations = 0
    fc.assert(
      fc.property(tape, (numbers) => {
        const { system, properties } = randomSystem(numbers)
        const naive = naiveCheck(system, properties)
        const result = searchRandom(system, properties, options)
        expect(result.complete).toBe(false)
        expect(result.states).toBeLessThanOrEqual(naive.states)
        for (const { id, kind, verdict, trace } of result.properties) {
          const truth = naive.findings.get(id)?.verdict
          expect(['inconclusive', kind === 'witness' ? 'reached' : 'violated']).toContain(verdict)
          if (verdict === 'inconclusive') continue
          violations++
          expect(verdict, id).toBe(truth)
          expect(trace !== null && canBeDone(system, trace), id).toBe(true)
        }
      }),
      { numRuns: effort(30, 100), seed: 20260103 },
    )
    expect(violations).toBeGreaterThan(effort(10, 50))
  })

  it('does the same again with the same seed', () => {
    const { system, properties } = randomSystem([7, 1, 5, 3, 2, 8, 9, 4, 6, 1, 2, 3, 5, 8, 13, 21, 34, 55])
    const first = searchRandom(system, properties, { ...options, seed: 5 })
    expect(essence(searchRandom(system, properties, { ...options, seed: 5 }))).toEqual(essence(first))
  })

  it('visits all of a small system in many walks', () => {
    const result = searchRandom(peterson(), [], { method, walks: 3000, maxDepth: 60, maxPreemptions: 30 })
    expect(result.states).toBe(breadthFirst(peterson(), []).states)
  })

  it('stops at limits and says so', () => {
    const result = searchRandom(twoPhase(4), [], { ...options, maxStates: 50 })
    expect(result.incompleteReason).toMatchObject({ stopped: { kind: 'max-states', states: 50 } })
    expect(searchRandom(twoPhase(4), [], { ...options, stop: () => true }).incompleteReason).toMatchObject({
      stopped: { kind: 'interrupted' },
    })
  })

  it('has no opinion on what needs the whole graph', () => {
    const properties: Property<unknown>[] = [
      { kind: 'progress', id: 'possible', title: '', goal: () => true },
      { kind: 'eventually', id: 'sometime', title: '', goal: () => true },
    ]
    const result = searchRandom(peterson(), properties, options)
    expect(result.properties.map((r) => r.verdict)).toEqual(['inconclusive', 'inconclusive'])
    expect(result.properties.map((r) => r.reason)).toEqual([
      { kind: 'needs-exhaustive-search', of: 'progress' },
      { kind: 'needs-exhaustive-search', of: 'liveness' },
    ])
  })
})

describe('a step that faults', () => {
  const world = struct({ x: range(0, 3) })
  type World = View<typeof world>
  const crashing = program<World>('crashing', 'crashes when it may', [
    step(
      'use',
      {},
      {
        does: () => {
          throw new Oops('no-use-after-free', 'used after it was freed')
        },
      },
    ),
  ])
  const counting = program<World>('counting', 'counts', [
    step(
      'up',
      { validEnd: true },
      {
        when: (w) => w.x < 3,
        does: (w) => {
          w.x++
        },
        to: 'up',
      },
    ),
  ])
  const system = compose({
    name: 'crash',
    world,
    threads: [one(crashing), one(counting)],
    initial: [() => {}],
  })

  it.each(methods)('is a violation and ends the behaviour, in search by %s', (method) => {
    const properties: Property<World>[] = [
      { kind: 'fault', id: 'no-use-after-free', title: '' },
      { kind: 'invariant', id: 'small', title: '', holds: (w) => w.x < 3 },
    ]
    for (let seed = 1; seed <= 20; seed++) {
      const { properties: found } = searchRandom(system, properties, { method, seed })
      expect(found.map((r) => r.verdict)).toEqual(['violated', 'violated'])
      expect(found[0].trace?.steps.at(-1)?.step).toBe('use')
      expect(found[1].trace?.steps.map((s) => s.step)).toEqual(['up', 'up', 'up'])
    }
  })
})

describe('random walks', () => {
  it('differ with the seed', () => {
    const [a, b] = [1, 2].map((seed) => searchRandom(twoPhase(4), [], { seed, walks: 3 }))
    expect([...a.steps]).not.toEqual([...b.steps])
  })

  it('count steps and walks', () => {
    const result = searchRandom(peterson(), [], { walks: 7, maxDepth: 11 })
    expect(result).toMatchObject({
      transitions: 77,
      depth: 11,
      coverage: { method: 'walks', walks: 7, seed: 1, preemptions: null, chance: null },
    })
    expect(result.incompleteReason).toEqual({
      ...{ kind: 'sampled', method: 'walks', walks: 7, withoutNew: 0, maxDepth: 11, seed: 1 },
      ...{ states: result.states, bound: null, stopped: null },
    })
    expect([...result.steps.values()].reduce((sum, n) => sum + n, 0)).toBe(77)
  })

  it('evaluate every enabled step, not only the one that is taken', () => {
    const enters: Property<unknown> = {
      kind: 'action',
      id: 'only-one-enters',
      title: '',
      holds: (_, s) => s.self !== 1,
    }
    for (let seed = 1; seed <= 10; seed++) {
      const result = searchRandom(peterson(), [enters], { walks: 1, maxDepth: 1, seed })
      expect(result.properties[0].trace?.steps).toEqual([{ thread: 'proc1', step: 'a0' }])
    }
  })

  it('end when nothing is left to find', () => {
    const never: Property<unknown> = { kind: 'invariant', id: 'never', title: '', holds: () => false }
    expect(searchRandom(peterson(), [never], {}).coverage?.walks).toBe(1)
  })
})

/** Two threads that count one number up as long as they take turns, a from even and b from odd; else it is 0. */
function needsPreemptions(n: number): System<{ x: number }> {
  const world = struct({ x: range(0, 2 * n + 2) })
  type World = View<typeof world>
  const counting = (kind: string, parity: number) =>
    program<World>(
      kind,
      kind,
      Array.from({ length: 2 * n + 1 }, (_, i) =>
        step<World>(
          `${i}`,
          {},
          {
            does: (w) => {
              if (w.x % 2 === parity) w.x = Math.min(w.x + 1, 2 * n + 2)
              else w.x = 0
            },
          },
        ),
      ),
    )
  return compose({
    name: 'needs-preemptions',
    world,
    threads: [one(counting('a', 0)), one(counting('b', 1))],
    initial: [() => {}],
  })
}
const below = (limit: number): Property<{ x: number }> => ({
  kind: 'invariant',
  id: 'below',
  title: '',
  holds: (w) => w.x < limit,
})

describe('search by preemptions', () => {
  it('reaches exactly what that number of preemptions reaches', () => {
    fc.assert(
      fc.property(tape, fc.nat(3), (numbers, most) => {
        const { system } = randomSystem(numbers)
        const least = leastPreemptions(system)
        fc.pre(least.size <= 1500)
        const result = fewPreemptions(system, [], { maxPreemptions: most })
        expect(result.states).toBe([...least.values()].filter((n) => n <= most).length)
        const greatest = Math.max(...least.values())
        if (result.coverage?.preemptions !== most) expect(result.states).toBe(least.size)
        if (greatest <= most) expect(result.states).toBe(least.size)
      }),
      { numRuns: effort(25, 80), seed: 20260104 },
    )
  })

  it('finds a violation in the round of the fewest preemptions', () => {
    const system = needsPreemptions(2)
    const rounds = [0, 1, 2, 3].map((most) => fewPreemptions(system, [below(4)], { maxPreemptions: most }))
    expect(rounds.map((r) => r.properties[0].verdict)).toEqual([
      'inconclusive',
      'inconclusive',
      'inconclusive',
      'violated',
    ])
    const trace = rounds[3].properties[0].trace as Trace
    expect(trace.steps.map((s) => s.thread).join('')).toBe('abab')
    expect(rounds[2].coverage?.preemptions).toBe(2)
    expect(rounds[2].incompleteReason).toEqual({
      ...{ kind: 'preemptions', upTo: 2 },
      ...{ exhausted: false, cutAfter: null, stopped: null },
    })
  })

  it('says when further preemptions lead nowhere new, but still not that a property holds', () => {
    const result = fewPreemptions(peterson(), [{ kind: 'deadlock', id: 'free', title: '' }], {
      maxPreemptions: 50,
    })
    expect(result.incompleteReason).toMatchObject({ exhausted: true, cutAfter: null, stopped: null })
    expect(result.properties[0].verdict).toBe('inconclusive')
  })

  it('claims no round that was cut short', () => {
    const cut = fewPreemptions(peterson(), [], { maxDepth: 3 })
    expect(cut.coverage?.preemptions).toBeNull()
    expect(cut.incompleteReason).toMatchObject({ upTo: null, cutAfter: 3 })
  })
})

describe('walks by random priorities', () => {
  it('let the others go where a thread runs in circles', () => {
    const world = struct({ round: range(0, 3), seen: range(0, 1) })
    type World = View<typeof world>
    const runner = program<World>('runner', 'runs', [
      step(
        'run',
        {},
        {
          does: (w) => {
            w.round = (w.round + 1) % 4
          },
          to: 'run',
        },
      ),
    ])
    const other = program<World>('other', 'sees', [
      step(
        'see',
        {},
        {
          does: (w) => {
            w.seen = 1
          },
        },
      ),
    ])
    const system = compose({ name: 'circle', world, threads: [one(runner), one(other)], initial: [() => {}] })
    const seen: Property<World> = { kind: 'witness', id: 'seen', title: '', seen: (w) => w.seen === 1 }
    for (let seed = 1; seed <= 8; seed++) {
      const { properties } = searchRandom(system, [seen], {
        method: 'priorities',
        walks: 1,
        seed,
        bugDepth: 1,
      })
      expect(properties[0].verdict).toBe('reached')
    }
  })

  it('state the bound of the paper', () => {
    const result = searchRandom(peterson(), [], { method: 'priorities', bugDepth: 3, maxDepth: 40, walks: 5 })
    expect(result.coverage?.chance).toBeCloseTo(1 / (2 * 40 * 40), 12)
    expect(result.incompleteReason).toMatchObject({ bound: { bugDepth: 3, threads: 2 } })
  })

  // x = 3 needs a, b, a in turn, each interrupted: two changes of turn, so a bug of depth 3.
  const system = needsPreemptions(2)
  const WALKS = effort(600, 2000)
  const rate = (bugDepth: number): number => {
    let met = 0
    for (let seed = 0; seed < WALKS; seed++) {
      const options: RandomOptions = { method: 'priorities', bugDepth, maxDepth: 10, walks: 1, seed }
      if (searchRandom(system, [below(3)], options).properties[0].verdict === 'violated') met++
    }
    return met / WALKS
  }

  it('meet a bug at least as often as the bound says', () => {
    expect(rate(3)).toBeGreaterThanOrEqual(1 / (2 * 10 ** 2))
  })

  it('make no more changes of turn than they were given', () => {
    expect(rate(1)).toBe(0)
    expect(rate(2)).toBe(0)
    expect(() => searchRandom(peterson(), [], { method: 'priorities', bugDepth: 0 })).toThrow(ModelError)
  })

  it('do not let a spinning thread run forever', () => {
    const world = struct({ ready: range(0, 1) })
    type World = View<typeof world>
    const spinner = program<World>('spinner', 'spins', [
      step('spin', {}, [{ when: (w) => w.ready === 1 }, { to: 'spin' }]),
    ])
    const helper = program<World>('helper', 'helps', [
      step(
        'help',
        {},
        {
          does: (w) => {
            w.ready = 1
          },
        },
      ),
    ])
    const system = compose({ name: 'spin', world, threads: [one(spinner), one(helper)], initial: [() => {}] })
    const finished: Property<World> = {
      kind: 'witness',
      id: 'finished',
      title: '',
      seen: (_, at) => at.spinner[0] === 'done',
    }
    for (let seed = 1; seed <= 20; seed++) {
      const options: RandomOptions = { method: 'priorities', bugDepth: 1, walks: 1, maxDepth: 50, seed }
      expect(searchRandom(system, [finished], options).properties[0].verdict).toBe('reached')
    }
  })
})
