import fc from 'fast-check'
import { expect, it } from 'vitest'
import { type Layout, layout } from '../../../model/language/layout.ts'
import { array, flag, range, ref, setOf, sort, struct } from '../../../model/language/shapes.ts'
import { Tabulation, xoshiro } from '../../state/tabulation.ts'
import { SlotRows } from './slot-rows.ts'
import { SymmetryGroup } from './symmetry-group.ts'

const cpu = sort('cpu', 3)
const page = sort('page', 2)
// More bits than a cell has, a field wider than a cell, fields that share no word, and some that are in no row.
const of = layout(
  struct({
    cpu: array(
      cpu,
      struct({ a: range(0, 4000), b: range(0, 5), on: flag, c: range(0, 200), root: ref(page) }),
    ),
    used: setOf(page),
    page: array(page, struct({ gfn: range(0, 2), count: range(0, 0) })),
    other: range(0, 100),
  }),
) as Layout
const group = new SymmetryGroup({ layout: of }, [cpu, page])
const hash = new Tabulation(of.fields, 3)
const inRows = group.placements.filter(({ places, valueBase }) => places.length === 1 && valueBase < 0)

const states = fc
  .tuple(
    fc.array(fc.nat(5000), { minLength: of.fields.length, maxLength: of.fields.length }),
    fc.constantFrom(2, 5000),
  )
  .map(([values, variety]) =>
    Uint16Array.from(of.fields, ({ shape }, f) => values[f] % Math.min(variety, shape.size)),
  )

/** Encoded values of the fields in the row of a slot. */
const rowOf = (slot: number, encoded: Uint16Array): number[] =>
  inRows.filter(({ places }) => places[0] === slot).map(({ field }) => encoded[field.index])

// A stream of equal words gives different rows the same signature now and then; rows must be distinguished all the same.
it.each([
  ['signatures that clash', () => 1],
  ['signatures', xoshiro(5)],
])('rows are alike when their fields are: %s', (_, random) => {
  const rows = new SlotRows(group, hash, random)
  const signatures = new Int32Array(group.slots)
  const words = new Int32Array(of.words + 1)
  fc.assert(
    fc.property(states, (encoded) => {
      of.pack(encoded, words, 1)
      rows.gather(words, 1, signatures)
      for (const { sort: named, ids } of group.generators) {
        const [a, b] = ids.map((id) => group.bases[group.sorts.indexOf(named)] + id)
        const same = rowOf(a, encoded).join() === rowOf(b, encoded).join()
        expect(rows.areAlike(a, b)).toBe(same)
        if (same) expect(signatures[a]).toBe(signatures[b])
      }
    }),
  )
})

it('rows that change places change the state and its hash as their fields do', () => {
  const rows = new SlotRows(group, hash, () => 1)
  const words = new Int32Array(of.words)
  const expected = words.slice()
  fc.assert(
    fc.property(states, fc.nat(group.generators.length - 1), (encoded, number) => {
      const { sort: named, ids, permutation } = group.generators[number]
      const [a, b] = ids.map((id) => group.bases[group.sorts.indexOf(named)] + id)
      of.pack(encoded, words, 0)
      rows.gather(words, 0, new Int32Array(group.slots))
      rows.low = hash.hashLow(encoded)
      rows.high = hash.hashHigh(encoded)
      rows.move(a, b, words)
      rows.move(b, a, words)
      const image = encoded.slice()
      for (const { field } of inRows)
        image[group.imageOfField(field.index, permutation)] = encoded[field.index]
      of.pack(image, expected, 0)
      expect([...words]).toEqual([...expected])
      expect([rows.low, rows.high]).toEqual([hash.hashLow(image), hash.hashHigh(image)])
    }),
  )
})
