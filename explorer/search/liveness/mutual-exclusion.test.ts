import { describe, expect, it } from 'vitest'
import { program, step } from '../../../model/language/program.ts'
import type { Fairness, LivenessProperty } from '../../../model/language/property.ts'
import { array, flag, sort, struct, type View } from '../../../model/language/shapes.ts'
import { compose, each } from '../../../model/language/system.ts'
import { peterson } from '../../oracles/peterson.ts'
import { checkLiveness, strong } from '../testing/labelled-transitions.ts'

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
    const result = checkLiveness(testAndSet, served(undefined))
    expect(result).toMatchObject({ verdict: 'violated', subject: 'proc0' })
    expect(result.fairness).toHaveLength(2)
    expect(checkLiveness(testAndSet, served(strong)).verdict).toBe('holds')
  })

  it('owes nothing to a process at a valid end', () => {
    const outside = program<Shared>('proc', 'a process', [
      step('idle', { validEnd: true }),
      step(
        'lock',
        {},
        {
          when: (w) => !w.locked,
          does: (w) => {
            w.locked = true
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
          to: 'idle',
        },
      ),
    ])
    const system = compose({
      name: 'outside',
      world: shape,
      threads: [each(sort('proc', 1), outside)],
      initial: [() => {}],
    })
    const begins = (fairness?: readonly Fairness[]): LivenessProperty<Shared> => ({
      kind: 'eventually',
      id: 'begins',
      title: '',
      goal: (w) => w.locked,
      ...(fairness === undefined ? {} : { fairness }),
    })
    expect(checkLiveness(system, begins())).toMatchObject({
      trace: { steps: [], loopStart: 0 },
      fairness: [{ constraint: 'weak fairness of proc0', because: 'not owed after step 0' }],
    })
    expect(checkLiveness(system, begins([{ strength: 'weak', of: 'step' }])).verdict).toBe('violated')
    const named: Fairness = { strength: 'weak', of: 'step', paths: ['idle', 'lock'] }
    expect(checkLiveness(system, begins([named])).verdict).toBe('holds')
    const ends: LivenessProperty<Shared> = {
      kind: 'leads-to',
      id: 'ends',
      title: '',
      given: (w) => w.locked,
      goal: (w) => !w.locked,
    }
    expect(checkLiveness(system, ends).verdict).toBe('holds')
  })

  it("starves no process in Peterson's algorithm under weak fairness", () => {
    const system = peterson()
    const entry = (goal: string): LivenessProperty<unknown> => ({
      kind: 'leads-to',
      id: 'no-starvation',
      title: '',
      each: 'proc',
      given: (_, counters, p) => counters.proc[p] === 'a3',
      goal: (_, counters, p) => counters.proc[p] === goal,
    })
    expect(checkLiveness(system, entry('cs')).verdict).toBe('holds')
    expect(checkLiveness(system, entry('a9')).verdict).toBe('violated')
  })
})
