import { expect, it } from 'vitest'
import { FieldDecisionTrees, OUTSIDE, UNKNOWN } from './field-decision-trees.ts'

const state = (...encoded: number[]): Uint16Array => Uint16Array.from(encoded)
const marked = (...fields: number[]): Int32Array => {
  const marks = new Int32Array(3)
  for (const f of fields) marks[f] = 7
  return marks
}

it('an evaluation is found for all states with the values that were read', () => {
  const trees = new FieldDecisionTrees([2, 3, 4])
  const evaluation = { reads: [2, 0] }
  expect(trees.add(1, state(1, 2, 3), evaluation)).toBe(true)
  expect(trees.ofState(1, state(1, 0, 3))).toBe(evaluation)
  expect(trees.ofState(1, state(0, 2, 3))).toBeNull()
  expect(trees.ofState(0, state(1, 2, 3))).toBeNull()
  expect(trees.evaluation(trees.find(1, state(1, 0, 3), marked(0, 2), 7))).toBe(evaluation)
  expect(trees.find(1, state(0, 0, 3), marked(0, 2), 7)).toBe(UNKNOWN)
})

it('a field whose value is unknown is not tested', () => {
  const trees = new FieldDecisionTrees([2, 3, 4])
  trees.add(0, state(1, 2, 3), { reads: [2, 0] })
  expect(trees.find(0, state(1, 2, 3), marked(2), 7)).toBe(OUTSIDE)
  expect(trees.find(0, state(1, 2, 3), marked(0), 7)).toBe(OUTSIDE)
})

it('an evaluation that reads nothing applies to all states', () => {
  const trees = new FieldDecisionTrees([2])
  const evaluation = { reads: [] }
  expect(trees.add(3, state(1), evaluation)).toBe(true)
  expect(trees.ofState(3, state(0))).toBe(evaluation)
  expect(trees.add(3, state(1), evaluation)).toBe(false)
})

it('code that reads other fields on the same values is found out', () => {
  const trees = new FieldDecisionTrees([2, 3, 4])
  expect(trees.add(0, state(1, 2, 3), { reads: [2, 0] })).toBe(true)
  expect(trees.add(0, state(0, 2, 3), { reads: [2, 1] })).toBe(false)
  expect(trees.add(0, state(0, 2, 3), { reads: [2] })).toBe(false)
  expect(trees.add(0, state(1, 2, 3), { reads: [2, 0, 1] })).toBe(false)
})
