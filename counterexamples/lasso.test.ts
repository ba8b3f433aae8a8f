import { describe, expect, it } from 'vitest'
import { program, step } from '../model/language/program.ts'
import type { Fairness, LivenessProperty } from '../model/language/property.ts'
import { array, flag, range, sort, struct, type View } from '../model/language/shapes.ts'
import { compose, each, one } from '../model/language/system.ts'
import type { Trace } from '../model/language/trace.ts'
import { asking, spinner } from './testing/small-systems.ts'
import { Verifier } from './verifier.ts'

/** Two threads that go round and round, and one that can open a gate whenever it likes. */
const cpu = sort('cpu', 2)
const world = struct({ at: array(cpu, range(0, 1)), gate: flag })
type World = View<typeof world>
const rounds = compose({
  name: 'rounds',
  world,
  threads: [
    each(
      cpu,
      program<World>('round', 'goes round', [
        step(
          'tick',
          {},
          {
            does: (w, self) => {
              w.at[self] = 1
            },
          },
        ),
        step(
          'tock',
          {},
          {
            does: (w, self) => {
              w.at[self] = 0
            },
            to: 'tick',
          },
        ),
      ]),
    ),
    one(
      program<World>('opener', 'opens the gate while thread 0 is away', [
        step(
          'open',
          {},
          {
            when: (w) => w.at[0] === 1,
            does: (w) => {
              w.gate = true
            },
          },
        ),
      ]),
    ),
  ],
  initial: [() => {}],
})

const steps = (text: string): Trace['steps'] =>
  text === '' ? [] : text.split(', ').map((s) => ({ thread: s.split(' ')[0], step: s.split(' ')[1] }))

/** A property of `rounds` without its name. */
type Unnamed = Without<LivenessProperty<World>>
type Without<P> = P extends unknown ? Omit<P, 'id' | 'title'> : never

/** Why a lasso does not violate a property of `rounds`, or null. */
function why(property: Unnamed, stem: string, loop: string | null): string | null {
  const [before, again] = [steps(stem), loop === null ? [] : steps(loop)]
  const trace = { initial: 0, steps: [...before, ...again] }
  const named = { id: 'p', title: 'P', ...property } as unknown as LivenessProperty<never>
  return new Verifier(rounds, named).judge(loop === null ? trace : { ...trace, loopStart: before.length })
    .disagreement
}

const gate = (fairness?: readonly Fairness[]): Unnamed => ({
  kind: 'eventually',
  goal: (w) => w.gate,
  ...(fairness === undefined ? {} : { fairness }),
})
const LAP0 = 'round0 tick, round0 tock'
const LAP1 = 'round1 tick, round1 tock'
const BOTH = `${LAP0}, ${LAP1}`
const strong: Fairness[] = [{ strength: 'strong', of: 'thread' }]
const opensWeakly: Fairness[] = [{ strength: 'weak', of: 'step', paths: ['open'] }]

describe('the loop must be one', () => {
  it.each([
    [gate([]), '', null, 'it has no loop'],
    [gate([]), '', 'round0 tick', 'its loop does not close: world.at[0] differs at the end'],
    [gate([]), 'round0 tick', '', null],
    [gate([]), '', LAP0, null],
  ])('%#', (property, stem, loop, reason) => {
    if (reason === null) expect(why(property, stem, loop)).toBeNull()
    else expect(why(property, stem, loop)).toContain(reason)
  })
})

describe('the property must fail on it', () => {
  const opened = 'round0 tick, opener open, round0 tock'
  it.each<[string, Unnamed, string, string, string | null]>([
    [
      'eventually, goal in the stem',
      { kind: 'eventually', goal: (w) => w.at[0] === 1, fairness: [] },
      LAP0,
      LAP1,
      'the goal holds before its loop',
    ],
    [
      'eventually, goal in the loop',
      { kind: 'eventually', goal: (w) => w.at[1] === 1, fairness: [] },
      '',
      LAP1,
      'the goal holds in its loop',
    ],
    [
      'eventually always, never',
      { kind: 'eventually-always', goal: (w) => w.gate, fairness: [] },
      '',
      LAP0,
      null,
    ],
    [
      'eventually always, now and then',
      { kind: 'eventually-always', goal: (w) => w.at[0] === 0, fairness: [] },
      '',
      LAP0,
      null,
    ],
    [
      'eventually always, in the loop',
      { kind: 'eventually-always', goal: (w) => w.gate, fairness: [] },
      opened,
      LAP0,
      'the goal holds throughout its loop',
    ],
    [
      'leads to, promised in the loop',
      { kind: 'leads-to', given: (w) => w.at[0] === 1, goal: (w) => w.gate, fairness: [] },
      '',
      LAP0,
      null,
    ],
    [
      'leads to, promised in the stem',
      { kind: 'leads-to', given: (w) => w.at[0] === 1, goal: (w) => w.gate, fairness: [] },
      LAP0,
      LAP1,
      null,
    ],
    [
      'leads to, never promised',
      { kind: 'leads-to', given: (w) => w.at[0] === 1, goal: (w) => w.gate, fairness: [] },
      '',
      LAP1,
      'the antecedent does not occur after the goal last held',
    ],
    [
      'leads to, promised before the goal only',
      {
        kind: 'leads-to',
        given: (w) => w.at[0] === 1 && !w.gate,
        goal: (w) => w.gate && w.at[0] === 1,
        fairness: [],
      },
      opened,
      LAP1,
      'the antecedent does not occur after the goal last held',
    ],
    [
      'for the first thread',
      { kind: 'eventually', each: 'round', goal: (w, _at, self) => w.at[self] === 1, fairness: [] },
      '',
      LAP1,
      null,
    ],
    [
      'for no thread',
      { kind: 'eventually', each: 'round', goal: (w, _at, self) => w.at[self] === 1, fairness: [] },
      '',
      BOTH,
      'the goal holds in its loop',
    ],
    ['alone', { kind: 'no-solo-cycle', each: 'round', goal: (w) => w.gate }, '', LAP1, null],
    [
      'not alone',
      { kind: 'no-solo-cycle', each: 'round', goal: (w) => w.gate },
      '',
      BOTH,
      'threads other than round0 take steps in its loop',
    ],
    [
      'standing still is no cycle',
      { kind: 'no-solo-cycle', each: 'round', goal: (w) => w.gate },
      '',
      '',
      'its loop has no step',
    ],
  ])('%s', (_what, property, stem, loop, reason) => {
    if (reason === null) expect(why(property, stem, loop)).toBeNull()
    else expect(why(property, stem, loop)).toContain(reason)
  })
})

describe('the loop must be fair', () => {
  it.each<[string, readonly Fairness[] | undefined, string, string, string | null]>([
    [
      'weak by default: the others could move all the time',
      undefined,
      '',
      LAP0,
      'its loop never takes round1, which weak fairness',
    ],
    ['weak: the opener is blocked now and then', undefined, '', BOTH, null],
    ['weak: the opener is never blocked', undefined, 'round0 tick', LAP1, 'its loop never takes round0'],
    ['weak, of one step', opensWeakly, '', LAP1, null],
    [
      'weak, of one step that is possible all the time',
      opensWeakly,
      'round0 tick',
      LAP1,
      'never takes opener open',
    ],
    [
      'strong: the opener is enabled again and again',
      strong,
      '',
      BOTH,
      'its loop never takes opener, which strong fairness',
    ],
    ['standing still while others could move', undefined, '', '', 'its loop never takes round0'],
    ['of kinds that there are not', [{ strength: 'weak', of: 'thread', kinds: ['ghost'] }], '', '', null],
  ])('%s', (_what, fairness, stem, loop, reason) => {
    if (reason === null) expect(why(gate(fairness), stem, loop)).toBeNull()
    else expect(why(gate(fairness), stem, loop)).toContain(reason)
  })

  it('strong fairness of the opener alone is kept while it is never able', () => {
    expect(why(gate([{ strength: 'strong', of: 'thread', kinds: ['opener'] }]), '', LAP1)).toBeNull()
  })
})

it('a small system from the search agrees', () => {
  const small = asking(spinner(), spinner().property)
  const { steps: found } = { steps: steps('zap bump, vcpu fault, vcpu retry') }
  expect(
    new Verifier(small.system, small.property).judge({ initial: 0, steps: found, loopStart: 1 }).disagreement,
  ).toBeNull()
})
