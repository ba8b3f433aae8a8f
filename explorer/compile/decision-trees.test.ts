import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { layout } from '../../model/language/layout.ts'
import { array, flag, range, struct } from '../../model/language/shapes.ts'
import { DecisionTrees, NondeterministicRead, UNKNOWN } from './decision-trees.ts'

const shape = layout(
  struct({ wide: range(0, 3999), many: array(12, range(0, 6)), bit: flag, only: range(3, 3) }),
)
const { fields } = shape
const states = fc.tuple(...fields.map((f) => fc.nat(f.shape.size - 1)))

/** A function of the state whose reads depend on what it reads: which fields, and a leaf. */
function behave(encoded: readonly number[]): { reads: number[]; leaf: number } {
  const reads = [3]
  let at = encoded[3]
  while (reads.length < 5 && at !== 0) {
    const next = (at * 5 + reads.length) % fields.length
    if (reads.includes(next)) break
    reads.push(next)
    at = encoded[next]
  }
  return { reads, leaf: 1 + reads.reduce((sum, f) => sum * 31 + encoded[f], 0) }
}

describe('DecisionTrees', () => {
  it('finds what was recorded on every state that reads the same, and nothing else', () => {
    fc.assert(
      fc.property(fc.array(states, { minLength: 1, maxLength: 60 }), (list) => {
        const trees = new DecisionTrees()
        const recorded = new Map<string, number>()
        let root = UNKNOWN
        for (const encoded of list) {
          const { reads, leaf } = behave(encoded)
          const words = new Int32Array(shape.words + 1)
          shape.pack(encoded, words, 1)
          const key = reads.map((f) => `${f}=${encoded[f]}`).join(' ')
          expect(trees.find(root, words, 1)).toBe(recorded.has(key) ? -leaf : UNKNOWN)
          if (!recorded.has(key)) root = trees.insert(root, reads, fields, encoded, leaf)
          recorded.set(key, leaf)
          expect(trees.find(root, words, 1)).toBe(-leaf)
          const tests: number[] = []
          const values: number[] = []
          trees.addPath(root, words, 1, tests, values)
          expect(values).toEqual(reads.filter((f) => fields[f].mask !== 0).map((f) => encoded[f]))
        }
      }),
    )
  })

  it('refuses a run that read something else on the same values', () => {
    const trees = new DecisionTrees()
    const encoded = fields.map(() => 0)
    const root = trees.insert(UNKNOWN, [1, 2], fields, encoded, 5)
    expect(() => trees.insert(root, [1, 3], fields, encoded, 6)).toThrow(NondeterministicRead)
    expect(() => trees.insert(root, [1, 3], fields, encoded, 6)).toThrow('reads many[2] ')
    expect(() => trees.insert(root, [1], fields, encoded, 6)).toThrow(NondeterministicRead)
    expect(() => trees.insert(root, [1, 2], fields, encoded, 6)).toThrow(NondeterministicRead)
  })
})
