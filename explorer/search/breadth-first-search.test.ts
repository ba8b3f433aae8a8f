import { describe, expect, test } from 'vitest'
import { program, step } from '../../model/language/program.ts'
import type { Property } from '../../model/language/property.ts'
import { array, flag, ref, sort, struct, type View } from '../../model/language/shapes.ts'
import { compose, each, type System } from '../../model/language/system.ts'
import { breadthFirst } from './breadth-first.ts'

describe('a state that is kept under other names', () => {
  const cpu = sort('cpu', 3)
  const world = struct({ lock: ref(cpu), bad: array(cpu, flag) })
  type World = View<typeof world>

  /** Each CPU takes the lock, does some steps that change nothing else, and then turns bad, all with the lock. */
  function holder(between: number): System<World> {
    const cpuProgram = program<World>('cpu', 'a processor', [
      step(
        'take',
        { rests: true },
        {
          when: (w) => w.lock === null,
          does: (w, v) => {
            w.lock = v
          },
        },
      ),
      ...Array.from({ length: between }, (_, n) => step<World>(`walk.${n}`, {}, {})),
      step(
        'spoil',
        {},
        {
          does: (w, v) => {
            w.bad[v] = true
          },
        },
      ),
    ])
    const threads = [each(cpu, cpuProgram)]
    return compose({ name: 'holder', world, threads, initial: [() => {}], symmetric: [cpu] })
  }

  const good: Property<World> = {
    kind: 'invariant',
    id: 'holder-is-good',
    title: '',
    given: (w) => w.lock !== null,
    holds: (w) => w.lock === null || !w.bad[w.lock],
  }

  // The seed decides which names a form gives. Its holder may be a CPU that was never asked about, so that a step of
  // it seems to have nothing to do with the property: what its parent answered says nothing.
  test.each(Array.from({ length: 16 }, (_, seed) => seed))('is judged anew, seed %i', (seed) => {
    for (const between of [0, 1, 2, 3]) {
      const { states, properties } = breadthFirst(holder(between), [good], { reduce: 'symmetry', seed })
      expect(states).toBe(between + 3)
      const [{ verdict, antecedent, trace }] = properties
      expect([verdict, antecedent, trace?.steps.length]).toEqual(['violated', between + 2, between + 2])
    }
  })
})
