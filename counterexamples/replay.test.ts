import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { breadthFirst } from '../explorer/search/breadth-first.ts'
import { goalReachableIn } from '../explorer/search/goal-reachable.ts'
import { effort } from '../explorer/testing/effort.ts'
import { Oops, type Property } from '../model/language/property.ts'
import { ReplayError } from '../model/language/reference.ts'
import type { Trace } from '../model/language/trace.ts'
import { CounterexampleError, counterexampleOf } from './counterexample-file.ts'
import { QuickCheck } from './quick-check.ts'
import { QuickSteps } from './quick-steps.ts'
import { type ReplayContext, ReplayDisagreement, replay } from './replay.ts'
import {
  abba,
  asking,
  lostUpdate,
  replayedOf,
  type SmallSystem,
  shortestTrace,
  spinner,
  useAfterFree,
  zapVersusEnter,
} from './testing/small-systems.ts'
import { Verifier } from './verifier.ts'

const trace = (text: string): Trace => ({
  initial: 0,
  steps:
    text === ''
      ? []
      : text.split(', ').map((s) => ({ thread: s.split(' ')[0], step: s.slice(s.indexOf(' ') + 1) })),
})

/** Replays a trace as a file would be; the message of the refusal, or `violated`. */
function outcome({ system, property }: SmallSystem, found: Trace): string {
  try {
    replayedOf({ system, property }, found)
    return 'violated'
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message.replace(/^ce-[0-9a-f]{8} /, '')}`
  }
}

describe('a replayed counterexample', () => {
  it('has the states, and what each step changed in kernel terms', () => {
    const { states, steps, fault, modelChanged } = replayedOf(zapVersusEnter())
    expect(states).toHaveLength(steps.length + 1)
    expect(
      steps.map(({ thread, located, changes }) => [
        thread.name,
        located.path,
        changes.map((c) => `${c.path}: ${c.before} -> ${c.after}`),
      ]),
    ).toEqual([
      ['zap', 'ZAP.1', ['mmu_lock: free -> zap']],
      ['zap', 'ZAP.2', ['requests: {} -> {MMU_FREE_OBSOLETE_ROOTS}']],
      ['vcpu', 'RUN.1', ['requests: {MMU_FREE_OBSOLETE_ROOTS} -> {}']],
      ['vcpu', 'RUN.2', []],
      ['zap', 'ZAP.3', ['root_page[0].invalid: 0 -> 1']],
      ['vcpu', 'RUN.3', ['mode: OUTSIDE -> IN_GUEST']],
    ])
    expect(fault).toBeNull()
    expect(modelChanged).toBe(true)
  })

  it('ends with the fault of its last step', () => {
    const { states, steps, fault } = replayedOf(useAfterFree())
    expect(fault).toBeInstanceOf(Oops)
    expect(states).toHaveLength(steps.length)
  })

  it('knows whether the model is the one it was found in', () => {
    const { system, property } = lostUpdate(2)
    const ce = counterexampleOf({
      tool: '1',
      scenario: 's',
      design: 'd',
      property,
      trace: shortestTrace({ system, property }),
      model: '0123456789abcdef',
    })
    const question: ReplayContext = {
      system,
      property,
      scenario: { id: 's', title: '' },
      design: { id: 'd', title: '' },
      checker: { version: '2', model: '0123456789abcdef' },
    }
    expect(replay(ce, () => question).modelChanged).toBe(false)
    expect(replay({ ...ce, model: '0000000000000000' }, () => question).modelChanged).toBe(true)
    expect(() => replay({ ...ce, kind: 'witness' }, () => question)).toThrow(CounterexampleError)
  })
})

describe('a trace that is possible but no violation is refused', () => {
  const never: Property<{ freed: boolean }> = {
    id: 'p',
    kind: 'invariant',
    title: '',
    holds: (w) => !w.freed,
  }
  const stale = (given: boolean): Property<{ stale: boolean }> => ({
    id: 'p',
    kind: 'action',
    title: '',
    given: () => given,
    holds: (_b, _s, after) => !after.stale,
  })
  const witness: Property<{ counter: number }> = {
    id: 'p',
    kind: 'witness',
    title: '',
    seen: (w) => w.counter === 1,
  }
  const goal: Property<{ stale: boolean }> = { id: 'p', kind: 'progress', title: '', goal: (w) => w.stale }
  it.each<[string, SmallSystem, string, string]>([
    [
      'invariant',
      lostUpdate(2),
      'inc0 load, inc0 store, inc1 load, inc1 store',
      'the property holds in the last state',
    ],
    ['invariant, antecedent', lostUpdate(2), 'inc0 load', 'the property holds in the last state'],
    [
      'invariant, violated earlier only',
      asking(useAfterFree(), never),
      'user look up',
      'the property holds in the last state',
    ],
    ['fault', useAfterFree(), 'user look up, user use', 'its last step does not oops'],
    ['action', asking(spinner(), stale(true)), 'vcpu fault', 'the property holds of the last step'],
    [
      'action, antecedent',
      asking(spinner(), stale(false)),
      'zap bump',
      'the property holds of the last step',
    ],
    ['action, no step', asking(spinner(), stale(true)), '', 'it has no step'],
    ['witness', asking(lostUpdate(2), witness), 'inc0 load', 'the last state does not satisfy the witness'],
    ['progress', asking(spinner(), goal), 'vcpu fault', 'the goal can still be reached'],
    ['deadlock, a step is left', abba(), 'first lock a', 'first can still take lock b'],
    [
      'deadlock, all in valid end states',
      abba(),
      'first lock a, first lock b, first unlock both, second lock b, second lock a, second unlock both',
      'every thread is in a valid end state',
    ],
  ])('%s', (_what, small, steps, reason) => {
    expect(outcome(small, trace(steps))).toContain(
      `ReplayDisagreement: does not violate ${small.property.id}`,
    )
    expect(outcome(small, trace(steps))).toContain(reason)
  })

  it('another fault, or a fault where none is asked for', () => {
    const other: Property<unknown> = { id: 'no-double-free', kind: 'fault', title: '' }
    const steps = trace('user look up, reclaim free, user use')
    expect(outcome(asking(useAfterFree(), other), steps)).toContain(
      'its last step violates no-use-after-free instead',
    )
    expect(outcome(asking(useAfterFree(), never), steps)).toContain('its last step oopses (no-use-after-free')
    expect(outcome(useAfterFree(), steps)).toBe('violated')
  })

  it('progress is not believed without a search', () => {
    const lost: Property<{ stale: boolean }> = { id: 'p', kind: 'progress', title: '', goal: (w) => !w.stale }
    const { system, property } = asking(spinner(), lost)
    const bump = trace('zap bump')
    expect(new Verifier(system, property).judge(bump).disagreement).toBe(
      'only a search can decide whether the goal is still reachable',
    )
    const hurried = goalReachableIn(system, { maxStates: 1 })
    expect(new Verifier(system, property, hurried).judge(bump).disagreement).toBe(
      'the search for the goal was incomplete',
    )
    expect(new Verifier(system, property, goalReachableIn(system)).judge(bump).disagreement).toBeNull()
  })
})

describe('a trace that the model no longer allows is refused', () => {
  it.each([
    [
      abba(),
      'first lock a, second lock b, first lock b',
      'step 3 of 3: first cannot take lock b: its guard does not hold',
    ],
    [abba(), 'first lock b', 'step 1 of 1: first cannot take lock b: first is at lock a'],
    [
      abba(),
      'third lock b',
      'step 1 of 1: third cannot take lock b: there is no thread third; there are first, second',
    ],
    [abba(), 'first lock c', 'step 1 of 1: first cannot take lock c: thread first has no step lock c'],
  ])('%#', (small, steps, message) => {
    expect(outcome(small, trace(steps))).toContain(`ReplayError: ${message}`)
    expect(new Verifier(small.system, small.property).fails(trace(steps))).toBe(false)
  })
})

it('disagreements are distinguished from impossible traces', () => {
  expect(() => replayedOf(abba(), trace('first lock b'))).toThrow(ReplayError)
  expect(() => replayedOf(abba(), trace('first lock a'))).toThrow(ReplayDisagreement)
})

describe('a corrupted trace', () => {
  const subjects = [zapVersusEnter(), lostUpdate(2), useAfterFree(), abba()].map((small) => ({
    ...small,
    found: shortestTrace(small),
    quick: new QuickCheck(small.system, small.property),
  }))

  /** Whether the trace is a violation, without xstate and the verifier. */
  function isViolation({ system, property, quick }: (typeof subjects)[number], { initial, steps }: Trace) {
    const fails = quick.fails({ initial, steps })
    if (fails !== null) return fails
    const run = new QuickSteps(system)
    run.state.set(system.initial[initial])
    for (const step of steps) run.take(step)
    const end = { ...system, initial: [run.state.slice()] }
    return breadthFirst(end, [property]).properties[0].trace?.steps.length === 0
  }

  const edit = fc.record({
    how: fc.constantFrom('drop', 'double', 'swap', 'other thread', 'other step', 'other start'),
    at: fc.nat(20),
    by: fc.nat(20),
  })

  type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never

  /** A trace with something wrong in it; its file has the id of what it contains, as a forger would write it. */
  function edited({ system, found }: (typeof subjects)[number], { how, at: where, by }: Edit): Trace {
    const steps = [...found.steps]
    const [at, other] = [where % steps.length, by % steps.length]
    const threads = system.threads.map(({ name }) => name)
    const names = system.threads.flatMap(({ flow }) => flow.steps.map(({ path }) => path))
    if (how === 'drop') steps.splice(at, 1)
    if (how === 'double') steps.splice(at, 0, steps[at])
    if (how === 'swap') [steps[at], steps[other]] = [steps[other], steps[at]]
    if (how === 'other thread') steps[at] = { ...steps[at], thread: threads[by % threads.length] }
    if (how === 'other step') steps[at] = { ...steps[at], step: names[by % names.length] }
    return { initial: how === 'other start' ? by : found.initial, steps }
  }

  it('replays only if it is a violation all the same', () => {
    const seen = { violated: 0, refused: 0 }
    const check = (n: number, edits: readonly Edit[]): void => {
      const subject = subjects[n]
      const trace = edits.reduce((before, each) => edited({ ...subject, found: before }, each), subject.found)
      if (trace.steps.length === 0) return
      const is = isViolation(subject, trace)
      expect(outcome(subject, trace) === 'violated').toBe(is)
      seen[is ? 'violated' : 'refused']++
    }
    fc.assert(
      fc.property(fc.nat(subjects.length - 1), fc.array(edit, { minLength: 1, maxLength: 3 }), check),
      { numRuns: effort(150, 3000) },
    )
    // Both occur, or nothing was shown.
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(5)
  })
})
