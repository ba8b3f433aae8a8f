import { describe, expect, it } from 'vitest'
import { assign, createMachine, raise } from 'xstate'
import { ModelError } from '../../model/language/errors.ts'
import { block, choice, program, step } from '../../model/language/program.ts'
import { flag, struct, type View } from '../../model/language/shapes.ts'
import { compose, one, type System } from '../../model/language/system.ts'
import { stepTable } from './step-table.ts'

const world = struct({ lock: flag })
type World = View<typeof world>

const take = (w: World): void => {
  w.lock = true
}
const free = (w: World): boolean => !w.lock

const system = compose({
  name: 'taker',
  world,
  threads: [
    one(
      program<World>('a', 'takes a lock', [
        choice('idle', [step('try', {}, [{ when: free, does: take }, { to: 'idle' }]), step('leave', {})]),
        block('B', [step('in', {}, { to: 'B' })]),
      ]),
    ),
    one(program<World>('b', 'frees it', [step('free', {}, { to: 'free' })])),
  ],
  initial: [() => {}],
})

/** An xstate configuration, as far as these tests change it. */
interface Config {
  readonly [key: string]: unknown
  readonly states?: Readonly<Record<string, Config>>
}

/** The system with another machine, made by changing the configuration of its machine. */
function withMachine(change: (config: Config) => Config): System {
  return { ...system, machine: createMachine(change(system.machine.config as Config) as never) as never }
}

/** Changes the state at a path of state names. */
const at =
  (path: readonly string[], change: (state: Config) => Config) =>
  (config: Config): Config => {
    if (path.length === 0) return change(config)
    const [name, ...rest] = path
    return {
      ...config,
      states: { ...config.states, [name]: at(rest, change)(config.states?.[name] ?? {}) },
    }
  }

const add = (path: readonly string[], more: Config): System =>
  withMachine(at(path, (state) => ({ ...state, ...more })))

describe('the step table', () => {
  it('reads threads, counters, cases and targets off the machine', () => {
    const steps = stepTable(system)
    expect(steps.map((s) => [s.index, s.thread, s.counter, s.path, s.event])).toEqual([
      [0, 0, 0, 'try', 'a try'],
      [1, 0, 0, 'leave', 'a leave'],
      [2, 0, 1, 'B/in', 'a B/in'],
      [3, 1, 0, 'free', 'b free'],
    ])
    expect(steps[0].cases.map((c) => [c.guard, c.effects, c.target])).toEqual([
      [free, [take], 1],
      [undefined, [], 0],
    ])
    expect(steps[2].cases[0].target).toBe(1)
  })

  it('takes the same machine built again', () => {
    expect(stepTable(withMachine((c) => c))).toEqual(stepTable(system))
  })
})

describe('outside the subset', () => {
  const action = assign({})
  const rejected: [string, readonly string[], Config][] = [
    ['an entry or exit action', ['a', 'idle'], { entry: action }],
    ['an entry or exit action', ['a', 'idle'], { exit: action }],
    ['an entry or exit action', ['a', 'B'], { entry: action }],
    ['an entry or exit action', ['a'], { entry: action }],
    ['an entry or exit action', [], { entry: action }],
    ['a delayed transition', ['b', 'free'], { after: { 10: {} } }],
    ['a delayed transition', [], { after: { 10: {} } }],
    ['invoke', ['a', 'idle'], { invoke: { src: 'service' } }],
    ['invoke', [], { invoke: { src: 'service' } }],
    ['an eventless transition', ['a', 'idle'], { always: { target: '#a:1' } }],
    ['an eventless transition', [], { always: { actions: [] } }],
    ['history', ['a', 'before'], { type: 'history' }],
    ['a final state', ['a', 'end'], { type: 'final' }],
    ['a nested parallel state', ['a', 'both'], { type: 'parallel', states: { x: {} } }],
    ['a transition on a compound state', ['a', 'B'], { on: { 'a leave': { target: '#a:0' } } }],
    ['a transition on a compound state', ['a'], { onDone: { target: '#a:0' } }],
    ['a transition on the root', [], { on: { any: { actions: [] } } }],
    ['a region that is no thread', ['c'], { initial: 'x', states: { x: {} } }],
    ['a target outside thread a', ['a', 'extra'], {}],
    ['a target outside thread b', ['b', 'free'], { on: { 'b free': { target: '#a:0' } } }],
    ['a transition to several states', ['b', 'free'], { on: { 'b free': { target: ['#b:0', '#a:0'] } } }],
    ['the event "a leave" of another thread', ['b', 'free'], { on: { 'a leave': { target: '#b:0' } } }],
    ['the event "*" of another thread', ['b', 'free'], { on: { '*': { target: '#b:0' } } }],
    ['an action on the way in', ['a', 'B'], { initial: { target: 'in', actions: action } }],
  ]
  it.each(rejected)('%s at %j', (what, path, more) => {
    expect(() => stepTable(add(path, more))).toThrow(`${what} is not part of the supported xstate subset`)
  })

  it('names the state', () => {
    expect(() => stepTable(add(['a', 'B', 'in'], { entry: action }))).toThrow(
      new ModelError('state a > B > in: an entry or exit action is not part of the supported xstate subset'),
    )
  })

  const foreign: [string, unknown][] = [
    ['an action', { actions: action }],
    ['a raised event', { actions: raise({ type: 'b free' }) }],
    ['a named action', { actions: 'named' }],
    ['a guard', { guard: () => true }],
    ['a named guard', { guard: 'named' }],
  ]
  it.each(foreign)('%s that is not in the modelling language', (_, transition) => {
    const changed = add(['b', 'free'], { on: { 'b free': { target: '#b:0', ...(transition as object) } } })
    expect(() => stepTable(changed)).toThrow(
      'a guard or action that was not written in the modelling language',
    )
  })

  it('a machine without the region of a thread', () => {
    const without = withMachine((c) => ({ ...c, states: { a: c.states?.a ?? {} } }))
    expect(() => stepTable(without)).toThrow('machine taker has no region b')
  })
})
