import fc from 'fast-check'
import { expect, test } from 'vitest'
import { areRenamed } from '../partial-order/saying.ts'
import { AnswerTrees } from './answer-trees.ts'
import { AsymmetryError } from './asymmetry.ts'
import { Equivariance } from './equivariance.ts'
import { makeSubject, statesOf, systemOf } from './equivariance-subjects.ts'
import { type Permutation, SymmetryGroup } from './symmetry-group.ts'

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
const rename = (subject: number, permutation: Permutation): number =>
  subject < cpu.size ? permutation[cpuBase + subject] - cpuBase : subject

test('a behaviour is accepted exactly when every renaming of it behaves as renamed', () => {
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
      const answer = makeSubject(fields, tape)
      const isEquivariant = (subject: number, codes: Uint16Array): boolean => {
        const { sayings } = answer(subject, codes)
        return permutations.every((permutation) => {
          group.imageOfState(codes, permutation, image)
          const renamed = answer(rename(subject, permutation), image)
          return areRenamed(group, sayings, permutation, renamed.sayings)
        })
      }
      const check = new Equivariance('few states', group, {
        answer,
        image: rename,
        slotsOf: (subject) => (subject < cpu.size ? [cpuBase + subject] : []),
        describe: (subject) => `subject ${subject}`,
      })
      const widened = new AnswerTrees(fields.map((f) => f.shape.size))
      for (const [subject, number] of list) {
        const codes = states[number]
        const { reads, sayings } = answer(subject, codes)
        let depends: readonly number[]
        try {
          depends = check.widen(subject, codes, reads)
        } catch (error) {
          expect(error).toBeInstanceOf(AsymmetryError)
          expect(isEquivariant(subject, codes)).toBe(false)
          outcomes.refused++
          return
        }
        // The same fields wherever the values of the first of them are the same: they make a decision tree.
        const known = widened.ofState(subject, codes)
        if (known === null) expect(widened.add(subject, codes, { reads: depends })).toBe(true)
        else expect(depends).toEqual(known.reads)
        outcomes[depends.length > reads.length ? 'widened' : 'accepted']++
        for (const other of states) {
          if (depends.some((f) => other[f] !== codes[f])) continue
          expect(areRenamed(group, sayings, group.identity(), answer(subject, other).sayings)).toBe(true)
          expect(isEquivariant(subject, other)).toBe(true)
        }
      }
    }),
    { numRuns: 120 },
  )
  for (const count of Object.values(outcomes)) expect(count).toBeGreaterThan(8)
})
