import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { twoPhase } from '../explorer/oracles/two-phase.ts'
import { breadthFirst } from '../explorer/search/breadth-first.ts'
import type { Property } from '../model/language/property.ts'
import { Reference } from '../model/language/reference.ts'
import type { Trace, TraceStep } from '../model/language/trace.ts'
import { contextSwitches } from './context-switches.ts'
import { QuickCheck } from './quick-check.ts'
import { quickly, shrink, sizeOf } from './shrink.ts'
import {
  abba,
  lostUpdate,
  type SmallSystem,
  spinner,
  useAfterFree,
  zapVersusEnter,
} from './testing/small-systems.ts'
import { Verifier } from './verifier.ts'

/** Two-phase commit with two participants, and a wish that it does not grant. */
const neverCommitted: SmallSystem = {
  system: twoPhase(2),
  property: {
    id: 'never-committed',
    kind: 'invariant',
    title: 'No participant ever commits.',
    holds: (w: { rmState: Iterable<string> }) => ![...w.rmState].includes('committed'),
  } satisfies Property<never>,
}

const subjects: readonly SmallSystem[] = [
  neverCommitted,
  lostUpdate(3),
  zapVersusEnter(),
  useAfterFree(),
  abba(),
]

const verifiers = subjects.map(({ system, property }) => new Verifier(system, property))

/** A walk that takes the enabled step that each number picks; all these failures stay once they are there. */
function walk(subject: number, picks: readonly number[]): Trace {
  const { system } = subjects[subject]
  const reference = new Reference(system)
  const steps: TraceStep[] = []
  let snapshot = reference.snapshot(system.initial[0])
  for (const pick of picks) {
    const enabled = reference.enabled(snapshot)
    if (enabled.length === 0) break
    const step = enabled[pick % enabled.length]
    steps.push(step)
    const outcome = reference.step(snapshot, step)
    if (outcome.kind !== 'moved') break
    snapshot = outcome.next
  }
  return { initial: 0, steps }
}

const failingWalk = fc
  .tuple(fc.nat(subjects.length - 1), fc.array(fc.nat(1000), { minLength: 40, maxLength: 60 }))
  .map(([subject, picks]) => ({ subject, trace: walk(subject, picks) }))
  .filter(({ subject, trace }) => verifiers[subject].fails(trace))

describe('shrinking obeys its laws', () => {
  it('a shrunk trace still fails, is not larger, and cannot be shrunk more', () => {
    fc.assert(
      fc.property(failingWalk, ({ subject, trace }) => {
        const { system } = subjects[subject]
        const fails = (t: Trace): boolean => verifiers[subject].fails(t)
        const shrunk = shrink(trace, system, fails)
        expect(fails(shrunk)).toBe(true)
        const [before, after] = [sizeOf(trace), sizeOf(shrunk)]
        expect(after.steps).toBeLessThanOrEqual(before.steps)
        if (after.steps === before.steps) {
          expect(after.contextSwitches).toBeLessThanOrEqual(before.contextSwitches)
        }
        expect(shrink(trace, system, fails)).toEqual(shrunk)
        expect(shrink(shrunk, system, fails)).toEqual(shrunk)
      }),
      { numRuns: 30 },
    )
  })

  it('a trace that does not fail is never replaced by one that does not', () => {
    const trace: Trace = { initial: 0, steps: [{ thread: 'inc0', step: 'load' }] }
    expect(shrink(trace, subjects[1].system, () => false)).toEqual(trace)
  })
})

const named = (text: string): TraceStep[] =>
  text.split(', ').map((each) => {
    const [thread, ...step] = each.split(' ')
    return { thread, step: step.join(' ') }
  })

describe('a lasso', () => {
  const { system, property } = spinner()
  const verifier = new Verifier(system, property)
  const stillFails = quickly(system, property, verifier)
  const shortest = breadthFirst(system as never, [property]).properties[0].trace as Trace

  it('loses laps and steps that are not needed, and stays fair', () => {
    const long: Trace = {
      initial: 0,
      steps: named(
        'vcpu fault, zap bump, vcpu retry, vcpu fault, vcpu retry, vcpu fault, vcpu retry, vcpu fault, vcpu retry',
      ),
      loopStart: 5,
    }
    expect(verifier.fails(long)).toBe(true)
    const shrunk = shrink(long, system, stillFails, { canonical: true })
    expect(verifier.fails(shrunk)).toBe(true)
    expect(shrunk.steps.length).toBeLessThanOrEqual(shortest.steps.length)
    expect(shrunk).toEqual({ initial: 0, steps: named('zap bump, vcpu fault, vcpu retry'), loopStart: 1 })
    expect(verifier.fairness(shrunk)).toEqual([
      { constraint: 'weak fairness of vcpu', because: 'taken in step 2' },
      { constraint: 'weak fairness of zap', because: 'not owed after step 1' },
    ])
  })

  it('that is unfair does not replace a fair one', () => {
    // The loop without the zap would close, but the zap is owed.
    const steps = named('zap bump, vcpu fault, vcpu retry')
    const shrunk = shrink({ initial: 0, steps, loopStart: 1 }, system, stillFails, { canonical: true })
    expect(shrunk.steps).toEqual(steps)
  })
})

describe('the quick check', () => {
  it('says what the verifier says, of every walk and every part of it', () => {
    const quick = subjects.map(({ system, property }) => new QuickCheck(system, property))
    const anyWalk = fc
      .tuple(fc.nat(subjects.length - 1), fc.array(fc.nat(1000), { maxLength: 30 }), fc.nat(30), fc.nat(3))
      .map(([subject, picks, from, size]) => {
        const trace = walk(subject, picks)
        return { subject, trace: { ...trace, steps: trace.steps.toSpliced(from, size) } }
      })
    fc.assert(
      fc.property(anyWalk, ({ subject, trace }) => {
        const said = quick[subject].fails(trace)
        if (said !== null) expect(said).toBe(verifiers[subject].fails(trace))
      }),
      { numRuns: 200 },
    )
  })
})

describe('the canonical order', () => {
  it('is one for failures that differ in the order of independent steps only', () => {
    const { system, property } = abba()
    const stillFails = quickly(system, property, new Verifier(system, property))
    const steps = named('second lock b, first lock a')
    const trace: Trace = { initial: 0, steps }
    expect(shrink(trace, system, stillFails)).toEqual(trace)
    expect(shrink(trace, system, stillFails, { canonical: true }).steps).toEqual(steps.toReversed())
  })
})

describe('shrinking is worth its while', () => {
  it.each(subjects.map((_, i) => i))('random walks come down to a shortest trace: subject %i', (subject) => {
    const { system, property } = subjects[subject]
    const shortest = breadthFirst(system as never, [property]).properties[0].trace as Trace
    // A separate generator, so that every run tests the same walks.
    let state = 12345
    const next = (): number => {
      state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff
      return state >>> 8
    }
    const failing: Trace[] = []
    for (let tries = 0; tries < 200 && failing.length < 5; tries++) {
      const trace = walk(subject, Array.from({ length: 60 }, next))
      if (verifiers[subject].fails(trace)) failing.push(trace)
    }
    expect(failing).toHaveLength(5)
    for (const trace of failing) {
      const { steps } = shrink(trace, system, (t) => verifiers[subject].fails(t))
      expect(steps).toHaveLength(shortest.steps.length)
    }
  })

  it('of two interleavings with the same steps it finds the one with fewer context switches', () => {
    const { system, property } = lostUpdate(3)
    const verifier = new Verifier(system, property)
    const steps = 'inc0 load,inc1 load,inc2 load,inc0 store,inc1 store,inc2 store'.split(',').map((s) => {
      const [thread, step] = s.split(' ')
      return { thread, step }
    })
    const shrunk = shrink({ initial: 0, steps }, system, (t) => verifier.fails(t), { shortest: true })
    expect(contextSwitches(steps)).toBe(5)
    expect(shrunk.steps).toHaveLength(6)
    expect(contextSwitches(shrunk.steps)).toBe(3)
  })

  it('the effort is a bound', () => {
    const trace = walk(
      0,
      Array.from({ length: 60 }, (_, i) => i * 7),
    )
    let tried = 0
    shrink(
      trace,
      subjects[0].system,
      (t) => {
        tried += t.steps.length + 1
        return false
      },
      { effort: 500 },
    )
    expect(tried).toBeGreaterThan(500)
    expect(tried).toBeLessThanOrEqual(500 + trace.steps.length)
  })

  it('a loop is left alone unless the canonical one is asked for', () => {
    const trace: Trace = { initial: 0, steps: [{ thread: 'a', step: 'b' }], loopStart: 0 }
    expect(shrink(trace, subjects[0].system, () => true)).toBe(trace)
  })
})
