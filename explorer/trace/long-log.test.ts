import { describe, expect, it } from 'vitest'
import type { Observation, ObservedLog, OwedStep } from '../../model/language/observation.ts'
import { lock } from '../oracles/lock.ts'
import { follow } from './follow.ts'
import { Follower } from './follower.ts'
import { resultOf } from './result.ts'
import { TracedSystem } from './traced-system.ts'
import { Planner } from './windows.ts'

const system = lock(2)
const observable = ['l1', 'l2'].map((step) => ({ kind: 'proc', step }))

/** An event of process N. */
const event = (n: number, line: number, step: string, owed: Partial<OwedStep> = {}): Observation => ({
  thread: `task-${n}`,
  line,
  event: step,
  text: '',
  before: [{ oneOf: [{ thread: `proc${n}`, step, ...owed }] }],
})

/**
 * Process 0 locks and unlocks again and again, after process 1 has done so once; process 1 does it once more at the
 * end. It binds a name each `bindEvery` events.
 */
function* rounds(count: number, bindEvery = Number.POSITIVE_INFINITY): Generator<Observation> {
  let line = 1
  yield event(1, line++, 'l1')
  yield event(1, line++, 'l2')
  for (let n = 0; n < count; n++) {
    yield event(0, line++, 'l1')
    const unlock = event(0, line++, 'l2')
    yield n % bindEvery === bindEvery - 1 ? { ...unlock, binds: [{ name: `n${n}`, value: () => n }] } : unlock
  }
  yield event(1, line++, 'l1')
  yield event(1, line++, 'l2')
}

const log = (observations: () => Iterable<Observation>): ObservedLog => ({
  system,
  observable,
  harness: [{ kind: 'proc', step: 'l0', standsFor: 'whatever comes between' }],
  observations,
})

/** Windows of more than 4096 observations, and more items than a byte counts. */
const ROUNDS = 2500

describe('a long log', () => {
  it('is followed in little memory, and its steps are counted', () => {
    const planner = new Planner()
    for (const observation of rounds(ROUNDS)) planner.add(observation)
    const traced = new TracedSystem(system, observable)
    const follower = new Follower(traced, planner.plan, { mostSteps: 1000 })
    let mostRows = 0
    let mostEdges = 0
    let mostAhead = 0
    let pushed = 0
    for (const observation of rounds(ROUNDS)) {
      expect(follower.push(observation)).toBe(true)
      mostAhead = Math.max(mostAhead, ++pushed - follower.observed)
      mostRows = Math.max(mostRows, follower.candidates.count)
      mostEdges = Math.max(mostEdges, follower.candidates.edges)
    }
    const { verdict, observations, steps, candidates } = resultOf(follower, planner.plan)
    expect(verdict).toEqual({ kind: 'followed' })
    expect(observations).toBe(2 * ROUNDS + 4)
    expect(candidates.largest).toBeLessThan(20)
    expect(steps.map(({ step, taken }) => [step, taken])).toEqual([
      ['l0', ROUNDS + 2],
      ['l1', ROUNDS + 2],
      ['cs', ROUNDS + 2],
      ['l2', ROUNDS + 2],
    ])
    // What is kept does not depend on the length of the log.
    expect(mostRows).toBeLessThan(2000)
    expect(mostEdges).toBeLessThan(10_000)
    expect(follower.history.size).toBeLessThan(5000)
    // Process 1 is silent for 5000 observations, whose last one is known from the first pass.
    expect(mostAhead).toBeLessThan(10)
  })

  it('is rejected where it is wrong', async () => {
    function* wrong(): Generator<Observation> {
      for (const observation of rounds(ROUNDS))
        yield observation.line === 2 * ROUNDS + 3 ? { ...observation, before: [{ read: [] }] } : observation
    }
    // The last unlock of process 1 has no lock before it.
    const { verdict } = await follow(log(wrong))
    expect(verdict).toMatchObject({
      kind: 'rejected',
      rejection: {
        observation: { line: 2 * ROUNDS + 4 },
        unmet: { steps: [{ refusal: { kind: 'elsewhere' } }] },
      },
    })
  })
})

it('counts of met items may wrap', async () => {
  function* alone(): Generator<Observation> {
    for (let line = 1; line <= 2000; line++) yield event(0, line, line % 2 === 1 ? 'l1' : 'l2')
  }
  const { verdict } = await follow({ system: lock(1), observable, observations: alone })
  expect(verdict).toEqual({ kind: 'followed' })
})

it('names that were bound long ago are kept', async () => {
  const { verdict } = await follow(log(() => rounds(50, 5)))
  expect(verdict.kind).toBe('followed')
})

it('the steps of the harness are counted, for all threads', async () => {
  const { harness } = await follow(log(() => rounds(3)))
  expect(harness).toEqual([
    { harness: { kind: 'proc', step: 'l0', standsFor: 'whatever comes between' }, taken: 5 },
  ])
})

describe('no verdict', () => {
  it('comes of a log without observations', async () => {
    const { verdict } = await follow(log(() => []))
    expect(verdict).toEqual({ kind: 'inconclusive', reason: { kind: 'nothing-observed' } })
  })

  it.each([1, 2, 3, 4, 5])('comes of more than %i candidates', async (frontier) => {
    const { verdict, observations } = await follow(
      log(() => rounds(2)),
      { frontier },
    )
    const enough = (await follow(log(() => rounds(2)))).candidates.largest
    expect(enough).toBeGreaterThan(5)
    expect(verdict).toMatchObject({ kind: 'inconclusive', reason: { kind: 'frontier' } })
    expect(observations).toBeLessThan(8)
  })
})

describe('a log is refused', () => {
  const followed = (observations: () => Iterable<Observation>, rest: Partial<ObservedLog> = {}) =>
    follow({ ...log(observations), ...rest })
  const one =
    (owed: Partial<OwedStep>): (() => Observation[]) =>
    () => [event(0, 7, 'l1', owed)]

  it('that names a thread or a step that does not exist', async () => {
    await expect(followed(one({ thread: 'proc2' }))).rejects.toThrow(
      'line 7 of the log: the log names thread proc2; there are proc0, proc1',
    )
    await expect(followed(one({ step: 'l7' }))).rejects.toThrow(
      'line 7 of the log: the log names step l7 of proc, which does not exist',
    )
    await expect(followed(() => [], { observable: [{ kind: 'proc', step: 'l7' }] })).rejects.toThrow(
      'step l7',
    )
  })

  it('that owes more in one window than is counted', async () => {
    const read = { read: [] }
    const owes = (count: number) => () => [
      { ...event(0, 7, 'l1'), before: Array.from({ length: count }, () => read) },
    ]
    await expect(followed(owes(256))).rejects.toThrow('owes 256 items')
    expect((await followed(owes(255))).verdict.kind).toBe('followed')
  })

  it('whose conditions fail to say whether they hold', async () => {
    const exact = [{ what: 'something', holds: (() => undefined) as unknown as () => boolean }]
    await expect(followed(() => [{ ...event(0, 7, 'l1'), exact }])).rejects.toThrow(
      'line 7 of the log: returns undefined, not true or false',
    )
  })

  it('that is another one when it is read again', async () => {
    let times = 0
    const fewer = (): Iterable<Observation> => [...rounds(2)].slice(0, times++ === 0 ? 8 : 6)
    await expect(followed(fewer)).rejects.toThrow('when it was read')
    times = 1
    let more = 0
    const grows = (): Iterable<Observation> => [...rounds(2)].slice(0, more++ === 0 ? 4 : 6)
    await expect(followed(grows)).rejects.toThrow('when it was read')
  })
})
