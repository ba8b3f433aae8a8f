import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ParentTable } from './parent-table.ts'

describe('ParentTable', () => {
  it('every path leads from an initial state along parents to the state', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.nat(6), { maxLength: 200 }),
        (roots, familySizes) => {
          const parents = new ParentTable(roots)
          const parentOf: number[] = []
          const stepTo: number[] = []
          let found = roots
          familySizes.forEach((size, parent) => {
            for (let n = 0; n < size && parent < found; n++) {
              const step = (found * 7919) % 65536
              parents.add(found, parent, step)
              parentOf[found] = parent
              stepTo[found++] = step
            }
          })
          for (let id = 0; id < found; id++) {
            const { root, steps } = parents.pathTo(id, found)
            const expected: number[] = []
            let state = id
            for (; state >= roots; state = parentOf[state]) expected.unshift(stepTo[state])
            expect({ root, steps }).toEqual({ root: state, steps: expected })
          }
        },
      ),
    )
  })

  it('families of more than 255, and states beyond one chunk', () => {
    const parents = new ParentTable(1)
    let found = 1
    const parentOf: number[] = []
    for (const size of [254, 255, 256, 70_000, 1000]) {
      const parent = [254, 255, 256, 70_000, 1000].indexOf(size)
      for (let n = 0; n < size; n++) {
        parentOf[found] = parent
        parents.add(found++, parent, n & 0xffff)
      }
    }
    for (const id of [1, 254, 255, 509, 510, 765, 766, 70_765, 70_766, found - 1]) {
      let length = 0
      for (let state = id; state >= 1; state = parentOf[state]) length++
      expect(parents.pathTo(id, found).steps).toHaveLength(length)
    }
    expect(parents.bytes / found).toBeLessThan(9)
  })
})
