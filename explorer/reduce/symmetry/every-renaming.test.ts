import fc from 'fast-check'
import { expect, it } from 'vitest'
import { effort } from '../../testing/effort.ts'
import { AsymmetryError } from './asymmetry.ts'
import { areRenamed } from './effect.ts'
import { Equivariance } from './equivariance.ts'
import { FieldDecisionTrees } from './field-decision-trees.ts'
import { type Permutation, SymmetryGroup } from './symmetry-group.ts'
import { makeUnit, statesOf, systemOf } from './testing/equivariance-units.ts'

const { system, cpu, page } = systemOf()
const { fields } = system.layout
const group = new SymmetryGroup(system, [cpu, page])
const states = statesOf(fields)
const permutations = [group.identity()]
for (const known of permutations) {
  for (const { permutation } of group.generators) {
    const next = group.compose(known, permutation)
    if (!permutations.some((p) => p.join() === next.join())) permutations.push(next)
  }
}

const cpuBase = group.bases[group.sorts.indexOf(cpu)]
const rename = (unit: number, permutation: Permutation): number =>
  unit < cpu.size ? permutation[cpuBase + unit] - cpuBase : unit

it('a recording is accepted exactly when every renaming of it is equivariant', () => {
  expect(permutations).toHaveLength(group.order)
  const outcomes = { accepted: 0, widened: 0, refused: 0 }
  const image = new Uint16Array(fields.length)
  const tapes = fc.array(fc.nat(1000), { minLength: 8, maxLength: 8 })
  const starts = fc.array(fc.tuple(fc.nat(cpu.size), fc.nat(states.length - 1)), {
    minLength: 1,
    maxLength: 6,
  })
  fc.assert(
    fc.property(tapes, starts, (tape, list) => {
      const run = makeUnit(fields, tape)
      const isEquivariant = (unit: number, encoded: Uint16Array): boolean => {
        const { effects } = run(unit, encoded)
        return permutations.every((permutation) => {
          group.imageOfState(encoded, permutation, image)
          const renamed = run(rename(unit, permutation), image)
          return areRenamed(group, effects, permutation, renamed.effects)
        })
      }
      const check = new Equivariance('few states', group, {
        run,
        image: rename,
        slotsOf: (unit) => (unit < cpu.size ? [cpuBase + unit] : []),
        describe: (unit) => `unit ${unit}`,
      })
      const widened = new FieldDecisionTrees(fields.map((f) => f.shape.size))
      for (const [unit, number] of list) {
        const encoded = states[number]
        const { reads, effects } = run(unit, encoded)
        let depends: readonly number[]
        try {
          depends = check.widen(unit, encoded, reads)
        } catch (error) {
          expect(error).toBeInstanceOf(AsymmetryError)
          expect(isEquivariant(unit, encoded)).toBe(false)
          outcomes.refused++
          return
        }
        // The same fields wherever the values of the first of them are the same: they make a decision tree.
        const known = widened.ofState(unit, encoded)
        if (known === null) expect(widened.add(unit, encoded, { reads: depends })).toBe(true)
        else expect(depends).toEqual(known.reads)
        outcomes[depends.length > reads.length ? 'widened' : 'accepted']++
        for (const other of states) {
          if (depends.some((f) => other[f] !== encoded[f])) continue
          expect(areRenamed(group, effects, group.identity(), run(unit, other).effects)).toBe(true)
          expect(isEquivariant(unit, other)).toBe(true)
        }
      }
    }),
    { numRuns: effort(40, 120) },
  )
  for (const count of Object.values(outcomes)) expect(count).toBeGreaterThan(effort(0, 8))
})
