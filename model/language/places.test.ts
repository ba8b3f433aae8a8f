import { describe, expect, it } from 'vitest'
import { EncodedValues, layout } from './layout.ts'
import { isAt, places } from './places.ts'
import { array, oneOf } from './shapes.ts'

const paths = ['idle', 'A.1/B.2', 'A.1/B.3', 'C.1'] as const
const shape = layout(array(2, oneOf(...paths)))
const IN_A = places((path) => path.startsWith('A.1/'))

/** A view of two program counters, and the fields that were read or divided into classes through it. */
function countersAt(one: number, other: number) {
  const store = new EncodedValues(2)
  store.values.set([one, other])
  const asked: [number, number[] | null][] = []
  const view = shape.view({
    read: (field) => {
      asked.push([field, null])
      return store.read(field)
    },
    write: () => {},
    classOf: (field, classes) => {
      asked.push([field, [...classes]])
      return classes[store.read(field)]
    },
  })
  return { view, asked, store }
}

describe('where a thread stands', () => {
  it('is asked of a list, or of a view by classes of its paths', () => {
    for (const [value, path] of paths.entries()) {
      const { view, asked, store } = countersAt(0, value)
      const expected = path.startsWith('A.1/')
      expect(isAt(['idle', path], 1, IN_A)).toBe(expected)
      expect(isAt(view, 1, IN_A)).toBe(expected)
      expect(asked).toEqual([[1, [0, 1, 1, 0]]])
      // A store that knows no classes.
      expect(isAt(shape.view(store), 1, IN_A)).toBe(expected)
    }
  })

  it('is an error for a thread that does not exist', () => {
    expect(() => isAt(countersAt(0, 0).view, 2, IN_A)).toThrow('there is no program counter 2')
  })
})
