import { describe, expect, it } from 'vitest'
import { choice, program, step } from '../../../model/language/program.ts'
import { type Fairness, Fault, type LivenessProperty } from '../../../model/language/property.ts'
import { array, flag, range, sort, struct, type View } from '../../../model/language/shapes.ts'
import { compose, each, one, type System } from '../../../model/language/system.ts'
import { peterson } from '../../oracles/peterson.ts'
import type { PropertyResult } from '../result.ts'
import { judgeLiveness, type LivenessOptions } from './liveness.ts'
import { faultInLasso, slateOf, slateVerdict } from './slate.ts'

const world = struct({ x: range(0, 9) })
type World = View<typeof world>

/** Threads that move one number along arrows `[from, name of the step, to]`; the start is 0. */
function arrows(threads: Record<string, readonly (readonly [number, string, number])[]>): System<World> {
  return compose({
    name: 'arrows',
    world,
    threads: Object.entries(threads).map(([kind, list]) =>
      one(
        program<World>(kind, kind, [
          choice(
            'run',
            list.map(([from, name, to]) =>
              step<World>(
                name,
                {},
                {
                  when: (w) => w.x === from,
                  does: (w) => {
                    w.x = to
                  },
                  to: 'run',
                },
              ),
            ),
          ),
        ]),
      ),
    ),
    initial: [() => {}],
  })
}

const at = (...values: number[]) => {
  return (w: World): boolean => values.includes(w.x)
}
const eventually = (
  goal: (w: World) => boolean,
  fairness?: readonly Fairness[],
): LivenessProperty<World> => ({
  kind: 'eventually',
  id: 'eventually',
  title: '',
  goal,
  ...(fairness === undefined ? {} : { fairness }),
})
const leadsTo = (
  given: (w: World) => boolean,
  goal: (w: World) => boolean,
  fairness?: readonly Fairness[],
): LivenessProperty<World> => ({
  kind: 'leads-to',
  id: 'leads-to',
  title: '',
  given,
  goal,
  ...(fairness === undefined ? {} : { fairness }),
})

/** Judges one property, and has the slate agree on the verdict and on the lasso. */
function judge<W>(
  system: System<W>,
  property: LivenessProperty<W>,
  options: LivenessOptions = {},
): PropertyResult<W> {
  const [result] = judgeLiveness(system, [property], options)
  if (Object.keys(options).length === 0) expect(result.verdict).toBe(slateVerdict(slateOf(system), property))
  if (result.verdict === 'violated') expect(faultInLasso(system, result)).toBeNull()
  else expect(result.trace).toBeNull()
  return result
}

const names = (result: PropertyResult<never>): string[] =>
  result.trace?.steps.map((s) => `${s.thread}.${s.step}`) ?? []
const strong: readonly Fairness[] = [{ strength: 'strong', of: 'thread' }]

describe('eventually', () => {
  it('holds when every way ends in the goal', () => {
    const system = arrows({
      a: [
        [0, 'left', 1],
        [0, 'right', 2],
        [1, 'on', 3],
        [2, 'on2', 3],
      ],
    })
    expect(judge(system, eventually(at(3)))).toMatchObject({ verdict: 'holds', antecedent: 1, trace: null })
  })

  it('is violated by stopping in a state without steps; the loop has no step', () => {
    const system = arrows({
      a: [
        [0, 'right', 2],
        [0, 'left', 1],
        [2, 'on', 3],
      ],
    })
    const result = judge(system, eventually(at(3)))
    expect(names(result)).toEqual(['a.left'])
    expect(result.trace?.loopStart).toBe(1)
    expect(result.fairness).toEqual([
      { constraint: 'weak fairness of a', because: 'not enabled after step 1' },
    ])
  })

  it('sees a way without the goal that joins a way with it (stateright 3, first case)', () => {
    // 3 is found first by way of the goal 1; by way of 2 the goal never holds.
    const system = arrows({
      a: [
        [0, 'good', 1],
        [0, 'bad', 2],
        [1, 'join', 3],
        [2, 'join2', 3],
      ],
    })
    expect(names(judge(system, eventually(at(1))))).toEqual(['a.bad', 'a.join2'])
  })

  it('sees a cycle without the goal (stateright 3, second case)', () => {
    const system = arrows({
      a: [
        [0, 'in', 1],
        [1, 'round', 2],
        [2, 'round2', 1],
        [2, 'out', 3],
      ],
    })
    const result = judge(system, eventually(at(3)))
    expect(names(result)).toEqual(['a.in', 'a.round', 'a.round2'])
    expect(result.trace?.loopStart).toBe(1)
  })

  it('lets go of a cycle that is not fair', () => {
    const system = arrows({ a: [[0, 'spin', 0]], b: [[0, 'go', 1]] })
    expect(judge(system, eventually(at(1))).verdict).toBe('holds')
    expect(
      judge(system, eventually(at(1), [{ strength: 'weak', of: 'thread', kinds: ['a'] }])),
    ).toMatchObject({
      verdict: 'violated',
      fairness: [{ constraint: 'weak fairness of a', because: 'taken in step 1' }],
    })
  })

  it('counts standing still where nothing owes a step (tla-rs 59, 62)', () => {
    const system = arrows({ a: [[0, 'go', 1]] })
    expect(judge(system, eventually(at(1))).verdict).toBe('holds')
    const result = judge(system, eventually(at(1), []))
    expect(result.verdict).toBe('violated')
    expect(result.trace).toEqual({ initial: 0, steps: [], loopStart: 0 })
  })
})

describe('leads-to', () => {
  it('asks for the goal after every given state, also after a goal', () => {
    const once = arrows({
      a: [
        [0, 'ask', 1],
        [1, 'get', 2],
        [2, 'ask2', 3],
      ],
    })
    const result = judge(once, leadsTo(at(1, 3), at(2)))
    expect(names(result)).toEqual(['a.ask', 'a.get', 'a.ask2'])
    expect(result.antecedent).toBe(2)
    expect(judge(once, leadsTo(at(1), at(2))).verdict).toBe('holds')
  })

  it('is vacuous, and says so, when nothing is ever given', () => {
    expect(judge(arrows({ a: [[0, 'go', 1]] }), leadsTo(at(7), at(8)))).toMatchObject({
      verdict: 'holds',
      antecedent: 0,
    })
  })

  it('judges an unfair part by the edges in it, not by its states (tlaplus 201)', () => {
    // Both steps go from 0 to 1; a cycle through `other` alone passes the same states but does not take `go`.
    const system = arrows({
      a: [
        [0, 'go', 1],
        [0, 'other', 1],
        [1, 'back', 0],
      ],
    })
    const fair: readonly Fairness[] = [{ strength: 'strong', of: 'step', paths: ['go'] }]
    const result = judge(system, leadsTo(at(0), at(5), fair))
    expect(names(result)).toContain('a.go')
    expect(result.fairness).toEqual([{ constraint: 'strong fairness of a go', because: 'taken in step 1' }])
  })

  it('does not take an edge that leaves the part for one inside it', () => {
    // 1 -> 2 leaves {0, 1} for good, although the goal is not reached there either.
    const system = arrows({
      a: [
        [0, 'there', 1],
        [1, 'back', 0],
      ],
      b: [
        [1, 'leave', 2],
        [0, 'leave0', 2],
        [2, 'end', 3],
      ],
    })
    expect(judge(system, eventually(at(3))).verdict).toBe('holds')
    expect(judge(system, eventually(at(4))).trace?.loopStart).toBe(2)
  })

  it('finds a weakly fair cycle in which a thread is blocked at one place only (Spin 6.1.0)', () => {
    const ring = [
      [0, 'r0', 1],
      [1, 'r1', 2],
      [2, 'r2', 3],
      [3, 'r3', 0],
    ] as const
    const exits = [
      [0, 'e0', 9],
      [1, 'e1', 9],
      [2, 'e2', 9],
    ] as const
    const result = judge(arrows({ ring, exits }), eventually(at(9)))
    expect(result.fairness).toContainEqual({
      constraint: 'weak fairness of exits',
      because: 'not enabled after step 3',
    })
    expect(judge(arrows({ ring, exits }), eventually(at(9), strong)).verdict).toBe('holds')
    const everywhere = [...exits, [3, 'e3', 9]] as const
    expect(judge(arrows({ ring, exits: everywhere }), eventually(at(9))).verdict).toBe('holds')
  })

  it('walks all of a figure of eight when fairness asks for both halves (tla-rs 63, 64)', () => {
    const system = arrows({
      hub: [
        [0, 'up', 1],
        [0, 'down', 2],
      ],
      upper: [[1, 'home', 0]],
      lower: [[2, 'home', 0]],
    })
    const fair: readonly Fairness[] = [{ strength: 'strong', of: 'step' }]
    const result = judge(system, leadsTo(at(0), at(9), fair))
    expect(new Set(names(result))).toEqual(new Set(['hub.up', 'upper.home', 'hub.down', 'lower.home']))
    expect(result.fairness).toHaveLength(4)
  })

  it('searches what is left of an unfair part again (Streett)', () => {
    // {0,1,2,3} fails strong fairness of b, enabled at 3 only; the cycle {0,1} without 3 is fair.
    const a = [
      [0, 'to1', 1],
      [1, 'to0', 0],
      [1, 'to2', 2],
      [2, 'to3', 3],
      [3, 'to0b', 0],
    ] as const
    const b = [[3, 'out', 9]] as const
    const result = judge(arrows({ a, b }), eventually(at(9), strong))
    expect(names(result)).toEqual(['a.to1', 'a.to0'])
    expect(result.fairness).toContainEqual({
      constraint: 'strong fairness of b',
      because: 'never enabled in the loop',
    })
  })
})

describe('the loop', () => {
  it('owes a strong constraint also what only the way back enables', () => {
    const system = arrows({
      a: [
        [0, 'a0', 1],
        [1, 'a1', 2],
        [2, 'a2', 0],
      ],
      w: [[0, 'out', 9]],
      s: [[2, 's2', 0]],
    })
    const fair: readonly Fairness[] = [
      { strength: 'weak', of: 'thread', kinds: ['a', 'w'] },
      { strength: 'strong', of: 'thread', kinds: ['s'] },
    ]
    expect(names(judge(system, eventually(at(9), fair)))).toContain('s.s2')
  })
})

describe('eventually always', () => {
  it('and its negation do not both hold (fizzbee 212)', () => {
    const system = arrows({
      a: [
        [0, 'on', 1],
        [1, 'off', 0],
      ],
    })
    const stays = (goal: (w: World) => boolean): LivenessProperty<World> => ({
      kind: 'eventually-always',
      id: 'stays',
      title: '',
      goal,
    })
    expect(judge(system, stays(at(1))).verdict).toBe('violated')
    expect(judge(system, stays(at(0))).verdict).toBe('violated')
    expect(judge(system, stays(at(0, 1))).verdict).toBe('holds')
    expect(judge(arrows({ a: [[0, 'on', 1]] }), stays(at(1))).verdict).toBe('holds')
  })
})

describe('mutual exclusion', () => {
  const process = sort('proc', 2)
  const shape = struct({ locked: flag, waiting: array(process, flag) })
  type Shared = View<typeof shape>
  const testAndSet = compose({
    name: 'test-and-set',
    world: shape,
    threads: [
      each(
        process,
        program<Shared>('proc', 'a process', [
          step(
            'ask',
            {},
            {
              does: (w, p) => {
                w.waiting[p] = true
              },
            },
          ),
          step(
            'lock',
            {},
            {
              when: (w) => !w.locked,
              does: (w, p) => {
                w.locked = true
                w.waiting[p] = false
              },
            },
          ),
          step(
            'unlock',
            {},
            {
              does: (w) => {
                w.locked = false
              },
              to: 'ask',
            },
          ),
        ]),
      ),
    ],
    initial: [() => {}],
  })
  const served = (fairness: readonly Fairness[] | undefined): LivenessProperty<Shared> => ({
    kind: 'leads-to',
    id: 'no-starvation',
    title: '',
    each: 'proc',
    given: (w, _, p) => w.waiting[p],
    goal: (_, counters, p) => counters.proc[p] === 'unlock',
    ...(fairness === undefined ? {} : { fairness }),
  })

  it('starves a process at a test-and-set lock under weak fairness, not under strong', () => {
    const result = judge(testAndSet, served(undefined))
    expect(result).toMatchObject({ verdict: 'violated', subject: 'proc0' })
    expect(result.fairness).toHaveLength(2)
    expect(judge(testAndSet, served(strong)).verdict).toBe('holds')
  })

  it("lets nobody starve in Peterson's algorithm under weak fairness", () => {
    const system = peterson()
    const entry = (goal: string): LivenessProperty<unknown> => ({
      kind: 'leads-to',
      id: 'no-starvation',
      title: '',
      each: 'proc',
      given: (_, counters, p) => counters.proc[p] === 'a3',
      goal: (_, counters, p) => counters.proc[p] === goal,
    })
    expect(judge(system, entry('cs')).verdict).toBe('holds')
    expect(judge(system, entry('a9')).verdict).toBe('violated')
  })
})

describe('no solo cycle', () => {
  const alone = (kind: string, ...goals: number[]): LivenessProperty<World> => ({
    kind: 'no-solo-cycle',
    id: 'no-retry-livelock',
    title: '',
    each: kind,
    goal: at(...goals),
  })

  it('finds a thread that retries for ever, whatever fairness would say', () => {
    const system = arrows({
      a: [
        [0, 'enter', 1],
        [1, 'stale', 2],
        [2, 'retry', 1],
      ],
      b: [[2, 'help', 3]],
    })
    const result = judge(system, alone('a', 0))
    expect(result).toMatchObject({ verdict: 'violated', subject: 'a' })
    expect(names(result)).toEqual(['a.enter', 'a.stale', 'a.retry'])
    expect(result.fairness).toBeUndefined()
    expect(judge(system, alone('b')).verdict).toBe('holds')
  })

  it('lets a cycle pass that needs another thread, or that has the goal on it', () => {
    const system = arrows({ a: [[0, 'go', 1]], b: [[1, 'back', 0]] })
    expect(judge(system, alone('a')).verdict).toBe('holds')
    expect(
      judge(
        arrows({
          a: [
            [0, 'go', 1],
            [1, 'back', 0],
          ],
        }),
        alone('a', 1),
      ).verdict,
    ).toBe('holds')
  })

  it('counts a step that changes nothing as a cycle', () => {
    expect(judge(arrows({ a: [[0, 'spin', 0]] }), alone('a')).trace).toMatchObject({ loopStart: 0 })
  })
})

describe('what is not known', () => {
  const long = arrows({
    a: [
      [0, 's0', 1],
      [1, 's1', 2],
      [2, 's2', 3],
      [3, 's3', 4],
      [4, 's4', 5],
    ],
  })

  it('is inconclusive on an unfinished graph, unless a violation lies in it (tlaplus 839)', () => {
    const result = judge(long, eventually(at(5)), { maxDepth: 3 })
    expect(result).toMatchObject({ verdict: 'inconclusive', reason: 'depth 3 reached (--max-depth)' })
    const spin = arrows({
      a: [
        [0, 's0', 0],
        [0, 's1', 1],
        [1, 's2', 2],
        [2, 's3', 3],
      ],
    })
    expect(judge(spin, eventually(at(3)), { maxDepth: 2 }).verdict).toBe('violated')
    expect(judge(long, eventually(at(5)), { maxDepth: 9 }).verdict).toBe('holds')
  })

  it('does not take an unexpanded state for one without steps', () => {
    expect(judge(long, eventually(at(9)), { maxDepth: 3 }).verdict).toBe('inconclusive')
    expect(judge(long, eventually(at(9))).verdict).toBe('violated')
  })

  it('is inconclusive when a step can fault while the goal is awaited', () => {
    const crashing = compose({
      name: 'crashing',
      world,
      threads: [
        one(
          program<World>('a', 'a', [
            step(
              'go',
              {},
              {
                does: (w) => {
                  w.x = 1
                },
              },
            ),
            step(
              'use',
              {},
              {
                does: () => {
                  throw new Fault('no-use-after-free', 'used after it was freed')
                },
              },
            ),
          ]),
        ),
      ],
      initial: [() => {}],
    })
    expect(judge(crashing, eventually(at(2)))).toMatchObject({
      verdict: 'inconclusive',
      reason: 'step use of a can fault while the goal is awaited',
    })
    expect(judge(crashing, eventually(at(1))).verdict).toBe('holds')
  })
})
