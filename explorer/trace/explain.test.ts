import { describe, expect, it } from 'vitest'
import { drawCanvas } from '../../counterexamples/canvas.ts'
import type { Comparison, Observation, Owed, OwedStep, StepOfKind } from '../../model/language/observation.ts'
import { drop } from '../../model/language/patch.ts'
import { program, step } from '../../model/language/program.ts'
import { flag, sort, struct, type View } from '../../model/language/shapes.ts'
import { compose, each, type System } from '../../model/language/system.ts'
import { lock } from '../oracles/lock.ts'
import type { Rejection } from './rejection.ts'
import { followed } from './testing/small-logs.ts'

const held = (is: boolean): Comparison => ({
  what: 'held',
  value: ((world: { held: boolean }) => world.held) as unknown as Comparison['value'],
  is,
})

const system = lock(2)

/** The lock without a step. */
const dropped = (name: string): System => lock(2, [drop(name)])

const observable: readonly StepOfKind[] = [
  { kind: 'proc', step: 'l1' },
  { kind: 'proc', step: 'l2' },
]

let line = 1
/** An event of `task-N`, which is process N. */
const event = (n: number, what: string, rest: Partial<Observation> = {}): Observation => ({
  thread: `task-${n}`,
  line: line++,
  event: what,
  text: `task-${n}: ${what}`,
  ...rest,
})
const owes = (n: number, step: string, more: Partial<OwedStep> = {}): Owed => ({
  oneOf: [{ thread: `proc${n}`, step, ...more }],
})
const locks = (n: number, rest: Partial<Observation> = {}): Observation =>
  event(n, 'lock', { before: [owes(n, 'l1')], ...rest })
const unlocks = (n: number, rest: Partial<Observation> = {}): Observation =>
  event(n, 'unlock', { after: [owes(n, 'l2')], ...rest })

function rejectionOf(
  observations: readonly Observation[],
  of: System = system,
  seen: readonly StepOfKind[] = observable,
): Rejection {
  line = 1
  const { verdict } = followed({ system: of, observable: seen, observations })
  if (verdict.kind !== 'rejected') throw new Error(`the log is ${verdict.kind}`)
  return verdict.rejection
}

/** The only alternative of the item that was not met. */
const refusalOf = ({ unmet }: Rejection): unknown => unmet?.steps[0].refusal

describe('a step that is owed', () => {
  it('is blocked: its guard is shown with what it reads', () => {
    const rejection = rejectionOf([locks(0), locks(1)])
    expect(rejection).toMatchObject({
      observation: { line: 2 },
      kind: 'no-model-step',
      unmet: { number: 1, of: 1, steps: [{ owed: { thread: 'proc1', step: 'l1' } }] },
    })
    expect(refusalOf(rejection)).toEqual({
      kind: 'blocked',
      guards: ['(w) => !w.held'],
      reads: [{ field: 'held', value: '1' }],
    })
    expect(rejection.nearest.counters).toEqual([
      { thread: 'proc0', at: 'cs' },
      { thread: 'proc1', at: 'l1' },
    ])
    expect(rejection.places).toEqual([
      {
        thread: 'proc0',
        places: [
          { at: 'cs', candidates: 2 },
          { at: 'l2', candidates: 2 },
        ],
      },
      {
        thread: 'proc1',
        places: [
          { at: 'l0', candidates: 2 },
          { at: 'l1', candidates: 2 },
        ],
      },
    ])
  })

  it('is elsewhere', () => {
    const rejection = rejectionOf([locks(0), locks(0)])
    expect(rejection.kind).toBe('no-model-step')
    expect(refusalOf(rejection)).toEqual({ kind: 'elsewhere', at: 'cs' })
  })

  it('takes another case', () => {
    const rejection = rejectionOf([event(0, 'lock', { before: [owes(0, 'l1', { case: 1 })] })])
    expect(rejection.kind).toBe('no-model-step')
    expect(refusalOf(rejection)).toEqual({
      kind: 'other-case',
      case: 0,
      reads: [{ field: 'held', value: '0' }],
    })
  })

  it('was dropped by a design', () => {
    const without = dropped('l1')
    const rejection = rejectionOf([locks(0)], without)
    expect(rejection.kind).toBe('no-model-step')
    expect(refusalOf(rejection)).toEqual({ kind: 'no-such-step' })
  })

  it('has other values before or after it', () => {
    const before = rejectionOf([event(0, 'lock', { before: [owes(0, 'l1', { before: [held(true)] })] })])
    expect(before.kind).toBe('state-differs')
    expect(refusalOf(before)).toEqual({
      kind: 'differs',
      when: 'before',
      compared: [{ what: 'held', log: true, model: false }],
    })
    const after = rejectionOf([event(0, 'lock', { before: [owes(0, 'l1', { after: [held(false)] })] })])
    expect(refusalOf(after)).toMatchObject({
      when: 'after',
      compared: [{ what: 'held', log: false, model: true }],
    })
  })

  it('comes after others that were met', () => {
    const rejection = rejectionOf([
      event(0, 'twice', { before: [owes(0, 'l1'), owes(0, 'l2'), owes(1, 'l2')] }),
    ])
    expect(rejection.unmet).toMatchObject({ number: 3, of: 3, steps: [{ owed: { thread: 'proc1' } }] })
  })
})

it('a read that is never true is shown', () => {
  const rejection = rejectionOf([event(0, 'read', { before: [{ read: [held(true)] }] })])
  expect(rejection).toMatchObject({
    kind: 'state-differs',
    unmet: { number: 1, of: 1, steps: [], read: [{ what: 'held', log: true, model: false }] },
  })
})

it('a value that no candidate has is shown beside those that they have', () => {
  const rejection = rejectionOf([locks(0, { exact: [held(false), held(true)] })])
  expect(rejection).toMatchObject({
    kind: 'state-differs',
    unmet: null,
    compared: [{ what: 'held', log: false, model: true }],
    elsewhere: [
      { what: 'held', values: [true] },
      { what: 'held', values: [true] },
    ],
  })
})

it('a name that is not bound is shown as one', () => {
  const { value } = held(true)
  const rejection = rejectionOf([
    event(0, 'page', { exact: [{ what: 'page', value, is: { name: 'ffff#1' } }] }),
  ])
  expect(rejection.compared).toEqual([{ what: 'page', name: 'ffff#1', model: false }])
})

/** Both tasks lock and unlock in turns; then both lock. */
const rejectedAfter = (rounds: number): Observation[] => [
  ...Array.from({ length: rounds }, (_, n) => [locks(n % 2), unlocks(n % 2)]).flat(),
  locks(0),
  locks(1),
]

describe('the race diagram', () => {
  it('has the events of real threads, and the steps of the model between them', () => {
    const { race } = rejectionOf(rejectedAfter(2))
    expect(drawCanvas(race.rows, race.lanes, { text: 'rejected' })).toEqual([
      '  CPU0 (task-0)                       CPU1 (task-1)',
      '  -------------                       -------------',
      '    l0: leave the non-critical section',
      '                                        l0: leave the non-critical section',
      '    l1: lock',
      '    cs: critical section',
      '  lock, line 1',
      '  unlock, line 2',
      '    l2: unlock',
      '    l0: leave the non-critical section',
      '                                        l1: lock',
      '                                        cs: critical section',
      '                                      lock, line 3',
      '                                      unlock, line 4',
      '                                        l2: unlock',
      '                                        l0: leave the non-critical section',
      '    l1: lock',
      '  lock, line 5',
      '                                      lock, line 6',
      '                                        <--- rejected',
    ])
  })

  it('begins in the candidate that the path begins in, also when names were bound since then', () => {
    const world = struct({ held: flag })
    const proc = sort('proc', 1)
    const user = program<View<typeof world>>('proc', 'a user', [step('held', {}, { when: (w) => w.held })])
    const setHeld = (w: View<typeof world>): void => {
      w.held = true
    }
    const initial = [() => {}, setHeld]
    const two = compose({ name: 'two initial states', world, threads: [each(proc, user)], initial })
    const done: Comparison = { what: 'at', value: (_, at) => at.proc[0], is: 'done' }
    const value = ((w: View<typeof world>) => Number(w.held)) as unknown as () => number
    const never: Comparison = { what: 'never', value: () => 0, is: 1 }
    const { race } = rejectionOf(
      [
        event(0, 'page', { binds: [{ name: 'page', value }] }),
        event(0, 'done', { exact: [done, held(true), never] }),
      ],
      two as unknown as System,
      [],
    )
    expect(race.rows.map(({ text }) => text)).toContain('held')
  })

  it('has the last dozen events', () => {
    const { race } = rejectionOf(rejectedAfter(20))
    const events = race.rows.flatMap(({ text }) => /line (\d+)/.exec(text)?.[1] ?? [])
    expect(events).toEqual(Array.from({ length: 12 }, (_, n) => String(n + 31)))
  })
})

describe('the minimal window', () => {
  it('has no event that is not needed', () => {
    const { minimal } = rejectionOf(rejectedAfter(20))
    expect(minimal.map(({ line }) => line)).toEqual([41, 42])
  })

  it('is the rejected event if nothing before it matters', () => {
    const { minimal } = rejectionOf([
      locks(0),
      unlocks(0),
      event(1, 'page', { exact: [held(true), held(false)] }),
    ])
    expect(minimal.map(({ line }) => line)).toEqual([3])
  })

  it('leaves out events between those that are needed', () => {
    const nothing = (n: number): Observation => event(n, 'nothing')
    const { minimal } = rejectionOf([locks(0), nothing(0), nothing(1), locks(1)])
    expect(minimal.map(({ line }) => line)).toEqual([2, 4])
  })
})
