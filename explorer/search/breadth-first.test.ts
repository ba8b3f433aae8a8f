import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { ModelError } from '../../model/language/errors.ts'
import { choice, program, type Step, step } from '../../model/language/program.ts'
import { Oops, type Property } from '../../model/language/property.ts'
import { array, range, struct, type View } from '../../model/language/shapes.ts'
import { compose, one, type System } from '../../model/language/system.ts'
import { naiveCheck } from '../oracles/naive-checker.ts'
import { randomSystem } from '../oracles/random-system.ts'
import { twoPhase } from '../oracles/two-phase.ts'
import { VectorStore } from '../state/vector-store.ts'
import { effort } from '../testing/effort.ts'
import { breadthFirst, type SearchOptions } from './breadth-first.ts'
import { searchRandom } from './random/search-random.ts'
import type { SearchResult } from './result.ts'
import type { StopReason } from './stop-reason.ts'

const tapes = fc.array(fc.nat(1 << 20), { minLength: 20, maxLength: 120 })

/** All of a result that must not vary from run to run. */
function essence(r: SearchResult) {
  const { complete, incompleteReason, states, transitions, depth, deadlocks, steps, properties } = r
  return {
    numbers: { complete, incompleteReason, states, transitions, depth, deadlocks },
    steps: [...steps],
    properties,
  }
}

describe('against the naive checker', () => {
  for (const storage of ['exact', 'fingerprint'] as const) {
    it(`${storage} storage agrees on random systems`, () => {
      fc.assert(
        fc.property(tapes, (tape) => {
          const { system, properties } = randomSystem(tape)
          const naive = naiveCheck(system, properties)
          const ours = breadthFirst(system, properties, { storage })
          expect({
            states: ours.states,
            transitions: ours.transitions,
            depth: ours.depth,
            deadlocks: ours.deadlocks,
          }).toEqual({
            states: naive.states,
            transitions: naive.transitions,
            depth: naive.depth,
            deadlocks: naive.deadlocks,
          })
          expect(ours.complete).toBe(true)
          for (const { id, kind, verdict, antecedent, trace } of ours.properties) {
            const { length, ...said } = naive.findings.get(id) ?? { length: null }
            if (kind === 'progress' && storage === 'fingerprint') {
              expect(verdict).toBe('inconclusive')
              continue
            }
            expect({ id, verdict, antecedent }).toEqual({ id, ...said })
            expect(trace?.steps.length ?? null).toBe(length)
          }
          const fired = [...ours.steps.values()].reduce((sum, n) => sum + n, 0)
          expect(fired).toBe(naive.transitions)
        }),
        { numRuns: effort(50, 300) },
      )
    })
  }
})

describe('determinism', () => {
  it('same seed, same result; other seeds, same exact result', () => {
    fc.assert(
      fc.property(tapes, fc.integer(), fc.integer(), (tape, seedA, seedB) => {
        const { system, properties } = randomSystem(tape)
        const first = essence(breadthFirst(system, properties, { seed: seedA }))
        expect(essence(breadthFirst(system, properties, { seed: seedA }))).toEqual(first)
        expect(essence(breadthFirst(system, properties, { seed: seedB }))).toEqual(first)
      }),
      { numRuns: effort(20, 100) },
    )
  })

  it('published counts of two-phase commit', () => {
    for (const storage of ['exact', 'fingerprint'] as const) {
      const three = breadthFirst(twoPhase(3), [], { storage })
      // TLC's 1146 generated include the initial state; its depth counts states, ours steps.
      expect([three.states, three.transitions + 1, three.depth + 1]).toEqual([288, 1146, 11])
      expect(breadthFirst(twoPhase(5), [], { storage }).states).toBe(8832)
    }
  })
})

/** Counts from 0 to `top`, one step at a time; at 3 a step does something forbidden if asked. */
function counter(top: number, faulty = false): System {
  const world = struct({ n: range(0, top) })
  type World = View<typeof world>
  const counting = program<World>('counter', 'counts', [
    step(
      'up',
      { validEnd: true },
      {
        when: (w) => w.n < top,
        does: (w) => {
          if (faulty && w.n === 3) throw new Oops('no-three', 'leaves three')
          w.n++
        },
        to: 'up',
      },
    ),
  ])
  return compose({ name: 'counter', world, threads: [one(counting)], initial: [() => {}] })
}

/** Writes six digits to the base of eight and takes the last one back: a wide frontier that narrows again. */
function digits(): System {
  const world = struct({ at: range(0, 7), digit: array(6, range(0, 7)) })
  type World = View<typeof world>
  const write = (digit: number): Step<World> =>
    step(
      `write ${digit}`,
      {},
      {
        when: (w) => w.at < 6,
        does: (w) => {
          w.digit[w.at] = digit
          w.at++
        },
        to: 'go',
      },
    )
  const end = step<World>(
    'end',
    {},
    {
      when: (w) => w.at === 6,
      does: (w) => {
        w.at = 7
        w.digit[5] = 0
      },
      to: 'go',
    },
  )
  const writer = program<World>('writer', 'writes', [
    choice('go', [...[0, 1, 2, 3, 4, 5, 6, 7].map(write), end]),
  ])
  return compose({ name: 'digits', world, threads: [one(writer)], initial: [() => {}] })
}

const below = (limit: number): Property<unknown> => ({
  kind: 'invariant',
  id: `below-${limit}`,
  title: '',
  holds: (w) => (w as { n: number }).n < limit,
})
const reaches = (n: number): Property<unknown> => ({
  kind: 'witness',
  id: `reaches-${n}`,
  title: '',
  seen: (w) => (w as { n: number }).n === n,
})
const verdicts = (r: SearchResult): string[] => r.properties.map((p) => p.verdict)

describe('limits', () => {
  it.each<[string, SearchOptions, StopReason]>([
    ['states', { maxStates: 5 }, { kind: 'max-states', states: 5 }],
    ['depth', { maxDepth: 5 }, { kind: 'max-depth', depth: 5 }],
    ['time', { timeLimit: 0 }, { kind: 'time-limit', seconds: 0 }],
    ['memory', { memoryLimit: 0 }, { kind: 'memory-limit', mebibytes: 0 }],
  ])('a %s limit ends as inconclusive, never as holds', (_, options, why) => {
    for (const storage of ['exact', 'fingerprint'] as const) {
      const r = breadthFirst(counter(4000), [below(3999), below(5000), reaches(3999)], {
        storage,
        ...options,
      })
      expect(r.complete).toBe(false)
      expect(r.incompleteReason).toEqual(why)
      expect(verdicts(r)).toEqual(['inconclusive', 'inconclusive', 'inconclusive'])
    }
  })

  it('when memory is short, the frontier goes to disk and nothing else changes', () => {
    const plain = breadthFirst(digits(), [], { storage: 'fingerprint' })
    expect(plain.states).toBeGreaterThan(4 << VectorStore.chunkBits)
    const spill = vi.spyOn(VectorStore.prototype, 'spill')
    const resident = vi.spyOn(process.memoryUsage, 'rss').mockReturnValue(850 * 1024 * 1024)
    try {
      for (const storage of ['fingerprint', 'exact'] as const) {
        spill.mockClear()
        const short = breadthFirst(digits(), [], { storage, memoryLimit: 1000 })
        expect(spill).toHaveBeenCalled()
        expect(essence(short)).toEqual(essence(plain))
      }
      resident.mockReturnValue(1001 * 1024 * 1024)
      const full = breadthFirst(digits(), [], { memoryLimit: 1000 })
      expect([full.complete, full.incompleteReason]).toEqual([
        false,
        { kind: 'memory-limit', mebibytes: 1000 },
      ])
    } finally {
      resident.mockRestore()
      spill.mockRestore()
    }
  })

  it('what was found before the limit stays found', () => {
    const r = breadthFirst(counter(4000), [below(2), reaches(3)], { maxDepth: 5 })
    expect(verdicts(r)).toEqual(['violated', 'reached'])
    expect(r.properties.map((p) => p.trace?.steps.length)).toEqual([2, 3])
  })

  it('a depth limit counts the states within it and evaluates none beyond', () => {
    const r = breadthFirst(counter(100), [below(6)], { maxDepth: 5 })
    expect([r.states, r.depth, r.complete]).toEqual([6, 5, false])
    expect(verdicts(r)).toEqual(['inconclusive'])
  })

  it('a limit that is reached with nothing left to expand leaves the search complete', () => {
    expect(breadthFirst(counter(5), [], { maxDepth: 5 }).complete).toBe(true)
    expect(breadthFirst(counter(5), [], { maxStates: 6 }).complete).toBe(true)
    const loop = breadthFirst(twoPhase(3), [], { maxDepth: 10 })
    expect([loop.complete, loop.transitions]).toEqual([true, 1145])
    expect(breadthFirst(twoPhase(3), [], { maxDepth: 9 }).complete).toBe(false)
  })
})

describe('faults', () => {
  const faultFree: Property<unknown> = { kind: 'fault', id: 'no-three', title: '' }

  it('a forbidden operation violates its property and the way ends there', () => {
    const r = breadthFirst(counter(9, true), [faultFree, below(9)])
    expect([r.states, r.transitions, r.complete]).toEqual([4, 4, true])
    expect(r.properties[0].verdict).toBe('violated')
    // Whether the counter would get to nine is not known.
    expect(r.properties[1]).toMatchObject({ verdict: 'inconclusive', upTo: 'no-three' })
    expect(r.properties[0].trace?.steps.map((s) => s.step)).toEqual(['up', 'up', 'up', 'up'])
  })

  it('a fault does not decide a property of another kind', () => {
    const witness = { ...reaches(9), id: 'no-three' }
    const message = 'a step throws the fault no-three, but no-three is a property of kind witness'
    expect(() => breadthFirst(counter(9, true), [witness])).toThrow(message)
    expect(() => searchRandom(counter(9, true), [witness], { method: 'walks', walks: 9 })).toThrow(message)
  })

  it('an oops that no property names makes the search incomplete', () => {
    const r = breadthFirst(counter(9, true), [below(9)])
    expect(r.complete).toBe(false)
    expect(r.incompleteReason).toEqual({ kind: 'unasked-fault', fault: 'no-three' })
    expect(verdicts(r)).toEqual(['inconclusive'])
  })
})

describe('what is refused', () => {
  it('two properties of one name', () => {
    expect(() => breadthFirst(counter(3), [below(2), below(2)])).toThrow(ModelError)
  })

  it('model code that is not a function of what it reads', () => {
    let calls = 0
    const world = struct({ a: range(0, 3), b: range(0, 3) })
    type World = View<typeof world>
    const fickle = program<World>('fickle', 'changes its mind', [
      step(
        'go',
        {},
        {
          when: (w) => (calls++ % 2 === 0 ? w.a : w.b) < 3,
          does: (w) => {
            w.a = (w.a + 1) % 4
          },
          to: 'go',
        },
      ),
    ])
    const system = compose({ name: 'fickle', world, threads: [one(fickle)], initial: [() => {}] })
    expect(() => breadthFirst(system, [])).toThrow(/fickle: step go of fickle:/)
  })
})

describe('fingerprints', () => {
  it('the bound on losing a state to a collision is n^2 / 2^65, and 0 when states are kept', () => {
    const lossy = breadthFirst(twoPhase(5), [], { storage: 'fingerprint' })
    expect(lossy.collisionProbability).toBeCloseTo(8832 ** 2 / 2 ** 65, 20)
    expect(lossy.collisionProbability).toBeGreaterThan(0)
    const exact = breadthFirst(twoPhase(5), [])
    expect([exact.collisionProbability, exact.collisionMeasured]).toEqual([0, null])
  })

  it.each([64, 96, 128] as const)(
    '%i bits: same counts as exact, and measured as predicted',
    (fingerprintBits) => {
      const r = breadthFirst(twoPhase(6), [], { storage: 'fingerprint', fingerprintBits })
      const exact = breadthFirst(twoPhase(6), [])
      expect([r.states, r.transitions, r.complete]).toEqual([50_816, exact.transitions, true])
      expect(r.collisionProbability).toBe(50_816 ** 2 / 2 ** (fingerprintBits + 1))
      expect((r.collisionMeasured ?? 0) / r.collisionProbability).toBeGreaterThan(0.3)
      expect((r.collisionMeasured ?? 0) / r.collisionProbability).toBeLessThan(3)
    },
  )
})
