import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { EncodedValues } from '../../model/language/layout.ts'
import { isAt, places } from '../../model/language/places.ts'
import type { Counters, System } from '../../model/language/system.ts'
import { randomSystem } from '../oracles/random-system.ts'
import { breadthFirst } from '../search/breadth-first.ts'
import { effort } from '../testing/effort.ts'
import { DecisionTrees, NondeterministicRead, UNKNOWN } from './decision-trees.ts'
import { PREDICATE_VALUE, type Predicate, Predicates } from './predicates.ts'

const AT_END = places((path) => path === 'done')
const EARLY = places((path) => /^S\.[01]/.test(path))

/** The same predicate, by classes of program counters and by their values. */
const asked = (isThere: typeof isAt): ((w: { open: boolean }, at: Counters) => boolean) => {
  return (w, at) => {
    if (isThere(at.worker, 0, AT_END)) return w.open || isThere(at.worker, 1, EARLY)
    if (isThere(at.worker, 0, EARLY)) return at.worker[0] === 'S.1' || isThere(at.worker, 1, AT_END)
    return !isThere(at.single, 0, EARLY)
  }
}
const byPath: typeof isAt = (counters, self, are) => are(counters[self])
const predicate = (isThere: typeof isAt): Predicate => ({ id: 'p', holds: asked(isThere) as never })

const tapes = fc.array(fc.nat(99), { minLength: 20, maxLength: 60 })

describe('a predicate that asks where threads stand', () => {
  it('has the values that it has by the paths, with fewer recordings', () => {
    let byClasses = 0
    let byPaths = 0
    fc.assert(
      fc.property(
        tapes.chain((tape) => {
          const system = randomSystem(tape).system as System
          const state = fc.tuple(...system.layout.fields.map((f) => fc.nat(f.shape.size - 1)))
          return fc.tuple(fc.constant(system), fc.array(state, { minLength: 1, maxLength: 80 }))
        }),
        ([system, states]) => {
          const count = (p: Predicates): { readonly made: () => number } => {
            let made = 0
            p.onValue = () => {
              made++
            }
            return { made: () => made }
          }
          const some = new Predicates(system, [predicate(isAt)], 'all')
          const all = new Predicates(system, [predicate(byPath)], 'all')
          const [one, other] = [count(some), count(all)]
          const words = new Int32Array(system.layout.words)
          for (const encoded of [...states, ...states]) {
            const store = new EncodedValues(encoded.length)
            store.values.set(encoded)
            const { world, at } = system.view(store)
            const expected = asked(byPath)(world, at) ? PREDICATE_VALUE.holds : PREDICATE_VALUE.fails
            system.layout.pack(store.values, words, 0)
            expect(some.evaluate(0, words, 0)).toBe(expected)
            expect(all.evaluate(0, words, 0)).toBe(expected)
          }
          some.recheck(1)
          expect(one.made()).toBeLessThanOrEqual(other.made())
          byClasses += one.made()
          byPaths += other.made()
        },
      ),
      { numRuns: effort(25, 120) },
    )
    expect(byClasses).toBeLessThan(byPaths)
  })

  it('gives the same results of a search, reduced or not', () => {
    fc.assert(
      fc.property(tapes, fc.constantFrom('none', 'por', 'all'), (tape, reduce) => {
        const { system } = randomSystem(tape)
        const results = [isAt, byPath].map((isThere) => {
          const properties = [{ kind: 'invariant', id: 'p', title: '', holds: asked(isThere) } as const]
          const { seconds: _, bytesPerState: __, ...found } = breadthFirst(system, properties, { reduce })
          return found
        })
        expect(results[0]).toEqual(results[1])
      }),
      { numRuns: effort(25, 120) },
    )
  })

  it('must divide the paths in the same way each time', () => {
    const system = randomSystem([]).system as System
    const { fields } = system.layout
    const counter = system.threads[0].counter
    const trees = new DecisionTrees()
    const encoded = new Uint16Array(fields.length)
    const dividedBy = (...classes: number[]) => ({
      observed: [counter.index],
      classes: [Uint8Array.from(classes)],
    })
    const root = trees.insertObserved(UNKNOWN, dividedBy(0, 1), fields, encoded, 5)
    encoded[counter.index] = 1
    expect(() => trees.insertObserved(root, dividedBy(0, 0), fields, encoded, 6)).toThrow(
      NondeterministicRead,
    )
    expect(trees.insertObserved(root, dividedBy(0, 1), fields, encoded, 6)).toBe(root)
  })
})
