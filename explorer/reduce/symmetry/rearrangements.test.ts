import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Rearrangements } from './rearrangements.ts'
import { type Permutation, SymmetryGroup } from './symmetry-group.ts'
import { systemOf } from './testing/equivariance-units.ts'

const { system, cpu, page } = systemOf()
const group = new SymmetryGroup(system, [cpu, page])

/** Every permutation of the group, by brute force. */
function allPermutations(): Permutation[] {
  const found = new Map([[group.identity().join(), group.identity()]])
  for (const permutation of found.values()) {
    for (const generator of group.generators) {
      const next = group.compose(permutation, generator.permutation)
      if (!found.has(next.join())) found.set(next.join(), next)
    }
  }
  return [...found.values()]
}

const classesOf = fc
  .array(fc.nat(2), { minLength: group.slots, maxLength: group.slots })
  .map((colors) =>
    Uint8Array.from(colors, (color, slot) =>
      colors.findIndex((c, other) => c === color && group.sortOfSlot(other) === group.sortOfSlot(slot)),
    ),
  )

it('one of each set of permutations that differ by exchanges within classes', () => {
  const rearrangements = new Rearrangements(group)
  fc.assert(
    fc.property(classesOf, (classes) => {
      const byTargets = (permutation: Permutation): string => {
        const classAt = group.inverse(permutation)
        return classAt.map((slot) => classes[slot]).join()
      }
      const expected = new Set(allPermutations().map(byTargets))
      rearrangements.start(classes)
      const found: string[] = []
      do {
        const { permutation } = rearrangements
        expect([...permutation].sort((a, b) => a - b)).toEqual([...group.identity()])
        permutation.forEach((to, slot) => {
          expect(group.sortOfSlot(to)).toBe(group.sortOfSlot(slot))
        })
        found.push(byTargets(permutation))
      } while (rearrangements.next())
      expect(new Set(found).size).toBe(found.length)
      expect(new Set(found)).toEqual(expected)
    }),
  )
})

it('exchanges of neighbours that make a permutation', () => {
  for (const permutation of allPermutations()) {
    const made = group
      .wordOf(permutation)
      .reduce((p, number) => group.compose(p, group.generators[number].permutation), group.identity())
    expect([...made]).toEqual([...permutation])
  }
})
