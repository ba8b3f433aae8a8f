import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isChanged } from '../../model/language/changes.ts'
import { EncodedValues, layout } from '../../model/language/layout.ts'
import { array, flag, range, setOfNames, struct, type View } from '../../model/language/shapes.ts'
import { randomSystem } from '../oracles/random-system.ts'
import { breadthFirst } from '../search/breadth-first.ts'
import { effort } from '../testing/effort.ts'
import { BeforeView, Recorder } from './recorder.ts'

const page = struct({ kind: range(0, 3), sptes: array(2, struct({ w: flag, to: range(0, 2) })) })
const world = struct({ pages: array(2, page), names: setOfNames('a', 'b'), none: array(0, range(0, 1)) })
type World = View<typeof world>
const shape = layout(world)
const states = fc.tuple(...shape.fields.map((f) => fc.nat(f.shape.size - 1)))

/** Each part of the world that is a structure or array, and the names of its fields. */
const PARTS: readonly (readonly [(w: World) => object, RegExp])[] = [
  [(w) => w, /^/],
  [(w) => w.pages, /^pages/],
  [(w) => w.none, /^none/],
  ...[0, 1].flatMap((p): [(w: World) => object, RegExp][] => [
    [(w) => w.pages[p], new RegExp(`^pages.${p}`)],
    [(w) => w.pages[p].sptes, new RegExp(`^pages.${p}..sptes`)],
    [(w) => w.pages[p].sptes[1], new RegExp(`^pages.${p}..sptes.1`)],
  ]),
]

describe('a part of the state is changed', () => {
  it('if one of its fields is, in two stores and while a step is recorded', () => {
    fc.assert(
      fc.property(states, states, fc.array(fc.nat(shape.fields.length - 1)), (one, other, written) => {
        const [before, after] = [new EncodedValues(one.length), new EncodedValues(one.length)]
        before.values.set(one)
        after.values.set(one)
        const recorder = new Recorder(one.length)
        recorder.base.set(one)
        recorder.restart()
        for (const field of written) {
          after.values[field] = other[field]
          recorder.write(field, other[field])
        }
        const known = recorder.reads.length
        for (const [part, path] of PARTS) {
          const expected = shape.fields.some(
            (f) => path.test(f.path) && before.values[f.index] !== after.values[f.index],
          )
          const of = (old: World, now: World): boolean => isChanged(part(old), part(now))
          expect(of(shape.view(before), shape.view(after))).toBe(expected)
          expect(of(shape.view(new BeforeView(recorder)), shape.view(recorder))).toBe(expected)
        }
        expect(recorder.reads.length).toBe(known)
      }),
    )
  })

  it('or it is an error to ask', () => {
    const view = shape.view(new EncodedValues(shape.fields.length))
    expect(() => isChanged(view.pages[0], view.pages[1])).toThrow('two different parts')
    expect(() => isChanged([], [])).toThrow('not a structure or array of the state')
  })

  it('for a search as for a comparison of all fields', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(99), { minLength: 20, maxLength: 60 }), (tape) => {
        const { system } = randomSystem(tape)
        const results = [true, false].map((asks) => {
          const given = (
            before: { note: ArrayLike<number> },
            _: unknown,
            after: { note: ArrayLike<number> },
          ) =>
            asks ? isChanged(before.note, after.note) : [0, 1].some((n) => before.note[n] !== after.note[n])
          const holds = (w: { level: number; note: ArrayLike<number> }) => w.level < 3 || w.note[0] > 0
          const property = { kind: 'action', id: 'p', title: '', given, holds } as const
          const { seconds: _, bytesPerState: __, ...found } = breadthFirst(system, [property])
          return found
        })
        expect(results[0]).toEqual(results[1])
      }),
      { numRuns: effort(25, 120) },
    )
  })
})
