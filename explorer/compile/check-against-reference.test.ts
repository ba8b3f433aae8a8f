import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { transition } from 'xstate'
import { block, choice, program, step } from '../../model/language/program.ts'
import { Oops } from '../../model/language/property.ts'
import { Reference, ReplayError, referenceRun } from '../../model/language/reference.ts'
import { flag, oneOf, range, sort, struct, type View } from '../../model/language/shapes.ts'
import { compose, each, one, type System } from '../../model/language/system.ts'
import { twoPhase } from '../oracles/two-phase.ts'
import { breadthFirst } from '../search/breadth-first.ts'
import { effort } from '../testing/effort.ts'
import { checkAgainstReference, ReferenceMismatch } from './check-against-reference.ts'
import type { Recording } from './compiled-system.ts'

/** A user of an object and a thread that frees it; the user faults in its effect, an inspector in its guard. */
function useAfterFree(): System {
  const world = struct({ freed: flag, uses: range(0, 3), lock: oneOf('free', 'held') })
  type World = View<typeof world>
  const use = (w: World): boolean => {
    if (w.freed) throw new Oops('no-use-after-free', 'the object is used after it was freed')
    return true
  }
  const user = program<World>('user', 'uses the object', [
    block('USE', [
      step(
        '1',
        {},
        {
          when: (w) => w.lock === 'free',
          does: (w) => {
            use(w)
            w.uses += 1
          },
        },
      ),
      step('2', {}, { to: 'done' }),
    ]),
  ])
  const freer = program<World>('freer', 'frees the object', [
    step(
      'F.1',
      {},
      {
        when: (w) => w.lock === 'free',
        does: (w) => {
          w.lock = 'held'
        },
      },
    ),
    step(
      'F.2',
      {},
      {
        does: (w) => {
          w.freed = true
        },
      },
    ),
    step(
      'F.3',
      {},
      {
        does: (w) => {
          w.lock = 'free'
        },
      },
    ),
  ])
  const inspector = program<World>('inspector', 'looks at the object in a guard', [
    choice('look', [step('inspect', {}, { when: (w) => use(w) && w.uses > 0 })], { validEnd: true }),
  ])
  return compose({
    name: 'use-after-free',
    world,
    threads: [each(sort('user', 2), user), one(freer), one(inspector)],
    initial: [
      () => {},
      (w) => {
        w.uses = 1
      },
    ],
  })
}

/** All recordings of a full search, copied. */
function recordings(system: System): Recording[] {
  const all: Recording[] = []
  breadthFirst(system, [], {
    onRecord: (r) => all.push({ ...r, before: r.before.slice(), after: r.after?.slice() ?? null }),
  })
  return all
}

describe('checkAgainstReference', () => {
  it.each([twoPhase(3), useAfterFree()])('every transition of $name is one of xstate', (system) => {
    let checked = 0
    const check = checkAgainstReference(system)
    const result = breadthFirst(system, [{ kind: 'fault', id: 'no-use-after-free', title: '' }], {
      onRecord: (recording) => {
        check(recording)
        checked++
      },
    })
    expect(result.complete).toBe(true)
    expect(checked).toBeGreaterThan(result.steps.size)
  })

  it('faults in effects and in guards were among them', () => {
    const faulting = recordings(useAfterFree()).filter((r) => r.fault !== null)
    expect(new Set(faulting.map((r) => r.step.path))).toEqual(new Set(['USE/1', 'inspect']))
  })

  it('a wrong encoded value, program counter, enabledness or fault is refused', () => {
    const system = useAfterFree()
    const check = checkAgainstReference(system)
    const all = recordings(system)
    const used = all.find((r) => r.step.path === 'USE/1' && r.after !== null) as Recording
    const uses = system.layout.fields.find((f) => f.path === 'world.uses')?.index as number
    const counter = system.threads[0].counter.index
    const bent = (index: number, value: number): Recording => {
      const after = (used.after as Uint16Array).slice()
      after[index] = value
      return { ...used, after }
    }
    expect(() => check(bent(uses, 2))).toThrow(
      'use-after-free: step USE/1 of user0: world.uses has encoded value 2 in the search and 1 in xstate',
    )
    expect(() => check(bent(counter, 2))).toThrow('at.user[0] is done in the search and USE/2 in xstate')
    expect(() => check({ ...used, after: null })).toThrow('xstate takes it, the search does not')
    const blocked = all.find((r) => r.after === null && r.fault === null) as Recording
    expect(() => check({ ...blocked, after: blocked.before })).toThrow('the search takes it, xstate does not')
    const faulting = all.find((r) => r.fault !== null) as Recording
    expect(() => check({ ...faulting, fault: null })).toThrow('xstate faults with no-use-after-free')
    expect(() => check({ ...faulting, fault: new Oops('another', '') })).toThrow(ReferenceMismatch)
    expect(() => check({ ...used, fault: new Oops('another', '') })).toThrow('xstate does not')
  })
})

describe('Reference', () => {
  it("steps as xstate's own transition() does, along random walks", () => {
    const system = twoPhase(2)
    const reference = new Reference(system)
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 30 }), (choices) => {
        let snapshot = reference.snapshot(system.initial[0])
        for (const pick of choices) {
          const enabled = reference.enabled(snapshot)
          if (enabled.length === 0) return
          const taken = enabled[pick % enabled.length]
          const [own] = transition(system.machine, snapshot, { type: `${taken.thread} ${taken.step}` })
          const outcome = reference.step(snapshot, taken)
          if (outcome.kind !== 'moved') throw new Error(`${taken.step} is ${outcome.kind}`)
          expect(outcome.next.value).toEqual(own.value)
          expect(outcome.next.context).toEqual(own.context)
          // A snapshot built from encoded values equals the one that xstate computed.
          expect(reference.snapshot(reference.encode(own)).value).toEqual(own.value)
          snapshot = outcome.next
        }
      }),
      { numRuns: effort(20, 100) },
    )
  })

  it('gives the enabled steps by thread and declaration', () => {
    const system = twoPhase(1)
    const reference = new Reference(system)
    expect(reference.enabled(reference.snapshot(system.initial[0]))).toEqual([
      { thread: 'rm0', step: 'prepare' },
      { thread: 'rm0', step: 'choose-to-abort' },
      { thread: 'tm', step: 'abort' },
    ])
  })
})

describe('referenceRun', () => {
  const system = useAfterFree()
  const run = (initial: number, ...steps: string[]) =>
    referenceRun(system, {
      initial,
      steps: steps.map((s) => ({ thread: s.split(' ')[0], step: s.split(' ')[1] })),
    })
  const uses = (encoded: Uint16Array): number =>
    (system.view({ read: (f) => encoded[f], write: () => {} }).world as { uses: number }).uses

  it('gives the encoded values of every state, from the given initial state', () => {
    const { states, fault } = run(1, 'user0 USE/1', 'user0 USE/2')
    expect(states.map(uses)).toEqual([1, 2, 2])
    expect(states.map((encoded) => encoded[system.threads[0].counter.index])).toEqual([0, 1, 2])
    expect(fault).toBeNull()
  })

  it('ends with the fault of the last step', () => {
    const { states, fault } = run(0, 'freer F.1', 'freer F.2', 'freer F.3', 'user1 USE/1')
    expect(states).toHaveLength(4)
    expect(fault?.property).toBe('no-use-after-free')
    expect(run(0, 'freer F.1', 'freer F.2', 'inspector inspect').fault?.property).toBe('no-use-after-free')
  })

  it.each([
    [
      ['freer F.1', 'user0 USE/1'],
      'step 2 of 2: user0 cannot take USE/1: its guard does not hold: (w) => w.lock ===',
    ],
    [['freer F.2'], 'step 1 of 1: freer cannot take F.2: freer is at F.1'],
    [['user2 USE/1'], 'there is no thread user2; there are user0, user1, freer, inspector'],
    [['freer F.9'], 'thread freer has no step F.9'],
    [
      ['freer F.1', 'freer F.2', 'inspector inspect', 'freer F.3'],
      'step 3 of 4: inspector cannot take inspect and continue: it faults',
    ],
  ])('%j is refused with the reason', (steps, message) => {
    expect(() => run(0, ...steps)).toThrow(message)
    expect(() => run(0, ...steps)).toThrow(ReplayError)
  })

  it('an initial state that does not exist is refused', () => {
    expect(() => run(2)).toThrow('there is no initial state 2; use-after-free has 2')
  })
})
