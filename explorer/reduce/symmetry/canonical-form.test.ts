import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Layout, layout } from '../../../model/language/layout.ts'
import {
  array,
  flag,
  id,
  range,
  ref,
  type Shape,
  setOf,
  sort,
  struct,
} from '../../../model/language/shapes.ts'
import { Tabulation } from '../../state/tabulation.ts'
import { CanonicalForm } from './canonical-form.ts'
import { type Permutation, SymmetryGroup } from './symmetry-group.ts'

const cpu = sort('cpu', 3)
const page = sort('page', 4)
const gfn = sort('gfn', 2)
const pair = sort('pair', 1)

/** Shapes in which ids occur in every way the language allows. */
const shapes: Readonly<Record<string, Shape>> = {
  'plain members': struct({ cpu: array(cpu, struct({ mode: range(0, 2), on: flag })), other: range(0, 5) }),
  'references in a ring': struct({ next: array(page, ref(page)), head: ref(page) }),
  'ids that are never none': struct({ peer: array(cpu, id(cpu)), first: id(cpu) }),
  matrices: struct({ dirty: array(cpu, setOf(page)), gap: array(cpu, array(cpu, flag)) }),
  'three indices': array(cpu, array(gfn, setOf(cpu))),
  'several sorts': struct({
    root: array(cpu, ref(page)),
    page: array(page, struct({ gfn: ref(gfn), parents: setOf(page), count: range(0, 1) })),
    list: array(3, ref(page)),
    lone: array(pair, flag),
  }),
  'two words and more': struct({ big: array(page, struct({ a: range(0, 4000), b: ref(page), c: id(cpu) })) }),
}

function allPermutations(group: SymmetryGroup): Permutation[] {
  const found = new Map([[group.identity().join(), group.identity()]])
  for (const permutation of found.values()) {
    for (const generator of group.generators) {
      const next = group.compose(permutation, generator.permutation)
      if (!found.has(next.join())) found.set(next.join(), next)
    }
  }
  return [...found.values()]
}

/** Encoded values of a state; few different values, so that ids are often alike. */
const states = (of: Layout) =>
  fc
    .tuple(
      fc.array(fc.nat(1 << 16), { minLength: of.fields.length, maxLength: of.fields.length }),
      fc.constantFrom(1, 2, 3, 1 << 16),
    )
    .map(([values, variety]) =>
      Uint16Array.from(of.fields, ({ shape }, f) => (values[f] % Math.min(variety, shape.size)) % shape.size),
    )

describe.each(Object.entries(shapes))('%s', (_, shape) => {
  const of = layout(shape) as Layout
  const group = new SymmetryGroup({ layout: of }, [cpu, page, gfn, pair])
  const permutations = allPermutations(group)
  const hash = new Tabulation(of.fields, 7)
  const form = new CanonicalForm(group, of, hash)
  const words = new Int32Array(of.words + 1)
  const canonical = (encoded: Uint16Array): string => {
    of.pack(encoded, words, 1)
    form.canonicalise(words, 1, hash.hashLow(encoded), hash.hashHigh(encoded))
    return form.words.join()
  }
  const packed = (encoded: Uint16Array): string => {
    const into = new Int32Array(of.words)
    of.pack(encoded, into, 0)
    return into.join()
  }
  const image = (encoded: Uint16Array, permutation: Permutation): Uint16Array => {
    const into = new Uint16Array(encoded.length)
    group.imageOfState(encoded, permutation, into)
    return into
  }

  it('has as many permutations as the order says', () => {
    expect(permutations.length).toBe(group.order)
  })

  it('one form for an orbit, another for another, in the orbit itself', () => {
    fc.assert(
      fc.property(states(of), states(of), fc.nat(), (encoded, stranger, number) => {
        const orbit = new Set(permutations.map((p) => packed(image(encoded, p))))
        const renamed = image(encoded, permutations[number % permutations.length])
        expect(canonical(renamed)).toBe(canonical(encoded))
        expect(orbit.has(canonical(encoded))).toBe(true)
        expect(canonical(stranger) === canonical(encoded)).toBe(orbit.has(packed(stranger)))
      }),
      { numRuns: 300 },
    )
  })

  it('says by which permutation, with which hash and stabiliser', () => {
    fc.assert(
      fc.property(states(of), (encoded) => {
        const words = canonical(encoded)
        const there = image(encoded, form.permutation)
        expect(packed(there)).toBe(words)
        expect([form.low, form.high]).toEqual([hash.hashLow(there), hash.hashHigh(there)])
        const fixing = permutations.filter((p) => packed(image(encoded, p)) === packed(encoded))
        expect(form.stabiliser).toBe(fixing.length)
      }),
      { numRuns: 300 },
    )
  })
})

it('a form stays a form when nothing changes that permutations move', () => {
  const plain = range(0, 40)
  const of = layout(
    struct({ a: plain, cpu: array(cpu, struct({ mode: range(0, 5), page: ref(page) })), b: plain, c: flag }),
  ) as Layout
  const group = new SymmetryGroup({ layout: of }, [cpu, page])
  const form = new CanonicalForm(group, of, new Tabulation(of.fields, 7))
  const words = new Int32Array(of.words)
  const notMoved = of.fields.filter(({ index }) => group.moved().every(({ field }) => field.index !== index))
  expect(notMoved).toHaveLength(3)
  for (const { word, mask, shift } of notMoved) expect(form.moved[word] & (mask << shift)).toBe(0)
  fc.assert(
    fc.property(states(of), fc.array(fc.nat(40), { minLength: 3, maxLength: 3 }), (encoded, values) => {
      of.pack(encoded, words, 0)
      form.canonicalise(words, 0, 0, 0)
      words.set(form.words)
      notMoved.forEach(({ word, mask, shift, shape: { size } }, n) => {
        words[word] = (words[word] & ~(mask << shift)) | ((values[n] % size) << shift)
      })
      form.canonicalise(words, 0, 0, 0)
      expect([...form.words]).toEqual([...words])
    }),
  )
})

it('ids with equal signatures that are not exchangeable are distinguished', () => {
  // A cycle of two and a cycle of three: every id has one successor and one predecessor.
  const node = sort('node', 5)
  const of = layout(struct({ next: array(node, ref(node)) })) as Layout
  const group = new SymmetryGroup({ layout: of }, [node])
  const hash = new Tabulation(of.fields, 7)
  const form = new CanonicalForm(group, of, hash)
  const words = new Int32Array(of.words)
  const cycles = Uint16Array.from([1, 0, 3, 4, 2], (next) => next + 1)
  const renamed = new Uint16Array(5)
  const forms = new Set<string>()
  for (const permutation of allPermutations(group)) {
    group.imageOfState(cycles, permutation, renamed)
    of.pack(renamed, words, 0)
    form.canonicalise(words, 0, 0, 0)
    forms.add(form.words.join())
    expect(form.stabiliser).toBe(6)
  }
  expect(forms.size).toBe(1)
})

it('images compose, and inverses undo', () => {
  const of = layout(shapes['several sorts']) as Layout
  const group = new SymmetryGroup({ layout: of }, [cpu, page, gfn])
  const permutations = allPermutations(group)
  fc.assert(
    fc.property(states(of), fc.nat(), fc.nat(), (encoded, m, n) => {
      const [first, then] = [permutations[m % permutations.length], permutations[n % permutations.length]]
      const step = new Uint16Array(encoded.length)
      const twice = new Uint16Array(encoded.length)
      const once = new Uint16Array(encoded.length)
      group.imageOfState(encoded, first, step)
      group.imageOfState(step, then, twice)
      group.imageOfState(encoded, group.compose(first, then), once)
      expect(once).toEqual(twice)
      group.imageOfState(step, group.inverse(first), once)
      expect(once).toEqual(encoded)
    }),
  )
})
