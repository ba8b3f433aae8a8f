import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ModelError } from './errors.ts'
import type { Field, Node } from './fields.ts'
import { EncodedValues, layout } from './layout.ts'
import {
  array,
  flag,
  id,
  oneOf,
  range,
  ref,
  type Scalar,
  type SetView,
  type Shape,
  setOf,
  setOfNames,
  sort,
  struct,
} from './shapes.ts'

const names = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,4}$/), { minLength: 1, maxLength: 6 })
const sorts = fc.integer({ min: 1, max: 5 }).map((size) => sort('page', size))

const scalars: fc.Arbitrary<Shape> = fc.oneof(
  fc
    .tuple(fc.integer({ min: -50, max: 50 }), fc.oneof(fc.nat(9), fc.constant(4095)))
    .map(([low, more]) => range(low, low + more)),
  fc.constant(flag),
  names.map((n) => oneOf(...n)),
  sorts.map(ref),
  sorts.map(id),
)

const shapes: fc.Arbitrary<Shape> = fc.letrec<{ shape: Shape }>((tie) => ({
  shape: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalars,
    sorts.map(setOf),
    names.map((n) => setOfNames(...n)),
    fc
      .tuple(fc.oneof(fc.nat(4), sorts), tie('shape'))
      .map(([over, element]) => array(over as number, element)),
    fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), tie('shape'), { maxKeys: 5 }).map(struct),
  ),
})).shape

const encodedOf = (fields: readonly Field[]): fc.Arbitrary<number[]> =>
  fc.tuple(...fields.map((f) => fc.nat(f.shape.size - 1)))

const stateOf = shapes
  .map((shape) => layout(struct({ root: shape })))
  .chain((l) => encodedOf(l.fields).map((encoded) => ({ l, encoded })))

/** Reads and writes of one scalar through a view, found by walking declared tree and view side by side. */
interface Access {
  readonly field: Field
  get(): unknown
  set(value: unknown): void
}

function accessesOf(node: Node, holder: Record<string | number, unknown>, key: string | number): Access[] {
  switch (node.kind) {
    case 'scalar':
      return [
        {
          field: node.field,
          get: () => holder[key],
          set: (value) => {
            holder[key] = value
          },
        },
      ]
    case 'set': {
      const set = holder[key] as SetView<unknown>
      return node.flags.map((field, i) => ({
        field,
        get: () => set.has(node.names[i]),
        set: (value) => (value === true ? set.add(node.names[i]) : set.delete(node.names[i])),
      }))
    }
    case 'array':
      return node.elements.flatMap((e, i) => accessesOf(e, holder[key] as Record<number, unknown>, i))
    case 'struct':
      return [...node.members].flatMap(([name, e]) =>
        accessesOf(e, holder[key] as Record<string, unknown>, name),
      )
  }
}

function opened(shape: Shape) {
  const l = layout(struct({ root: shape }))
  const store = new EncodedValues(l.fields.length)
  const view = l.view(store) as unknown as Record<string, unknown>
  const root = l.root.kind === 'struct' ? (l.root.members.get('root') as Node) : l.root
  return { l, store, accesses: accessesOf(root, view, 'root') }
}

describe('the packed state', () => {
  it('gives back every state that was packed, wherever it lies', () => {
    fc.assert(
      fc.property(stateOf, fc.nat(5), ({ l, encoded }, offset) => {
        const packed = new Int32Array(offset + l.words).fill(-1)
        l.pack(encoded, packed, offset)
        const back = new Uint16Array(l.fields.length)
        l.unpack(packed, offset, back)
        expect([...back]).toEqual(encoded)
      }),
    )
  })

  it('touches no word beside its own', () => {
    fc.assert(
      fc.property(stateOf, ({ l, encoded }) => {
        const packed = new Int32Array(l.words + 2).fill(0x5a5a5a5a)
        l.pack(encoded, packed, 1)
        expect([packed[0], packed[l.words + 1]]).toEqual([0x5a5a5a5a, 0x5a5a5a5a])
      }),
    )
  })

  it('gives no bit to two fields and lets no field straddle a word', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const { fields, words } = layout(struct({ root: shape }))
        const taken = new Uint32Array(words)
        for (const f of fields) {
          const bits = Math.ceil(Math.log2(f.shape.size))
          expect(f.mask).toBe(2 ** bits - 1)
          if (f.mask === 0) continue
          expect(f.shift + bits).toBeLessThanOrEqual(32)
          const own = (f.mask << f.shift) >>> 0
          expect(taken[f.word] & own).toBe(0)
          taken[f.word] |= own
        }
      }),
    )
  })

  it('is a function of the declaration alone', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const place = () =>
          layout(struct({ root: shape })).fields.map((f) => [f.path, f.word, f.shift, f.mask])
        expect(place()).toEqual(place())
      }),
    )
  })

  it('numbers fields in order of declaration and names them as the kernel would', () => {
    const page = sort('page', 2)
    const { fields } = layout(
      struct({ vcpu: array(1, struct({ prev_roots: array(2, ref(page)) })), dirty: setOf(page), lock: flag }),
    )
    expect(fields.map((f) => f.path)).toEqual([
      'vcpu[0].prev_roots[0]',
      'vcpu[0].prev_roots[1]',
      'dirty{0}',
      'dirty{1}',
      'lock',
    ])
    expect(fields.map((f) => f.index)).toEqual([0, 1, 2, 3, 4])
  })

  it('rejects a field without values', () => {
    expect(() => layout(struct({ empty: oneOf(...([] as string[])) }))).toThrow(
      new ModelError('empty has no possible value'),
    )
    expect(() => id(sort('page', 0))).toThrow(ModelError)
    expect(() => range(2, 1)).toThrow(ModelError)
    expect(() => range(0, 4096)).toThrow(ModelError)
    expect(() => sort('page', 65)).toThrow(ModelError)
  })
})

describe('a view', () => {
  it('shows the value that was written, and nothing else changes', () => {
    fc.assert(
      fc.property(
        shapes.map(opened).filter(({ accesses }) => accesses.length > 0),
        fc.nat(),
        fc.nat(),
        ({ store, accesses }, which, what) => {
          const { field, get, set } = accesses[which % accesses.length]
          const before = store.values.slice()
          const value = field.shape.decode(what % field.shape.size)
          set(value)
          expect(get()).toEqual(value)
          before[field.index] = what % field.shape.size
          expect([...store.values]).toEqual([...before])
        },
      ),
    )
  })

  it('reaches every field exactly once', () => {
    fc.assert(
      fc.property(shapes.map(opened), ({ l, accesses }) => {
        expect(accesses.map((a) => a.field.index).sort((a, b) => a - b)).toEqual(l.fields.map((f) => f.index))
      }),
    )
  })

  it('refuses a value outside the domain and leaves the state alone', () => {
    const outside = fc.oneof(
      fc.integer({ min: 5000, max: 9000 }),
      fc.integer({ min: -9000, max: -5000 }),
      fc.constantFrom<unknown>(0.5, Number.NaN, Number.POSITIVE_INFINITY, 'no such name', undefined, {}, '1'),
    )
    fc.assert(
      fc.property(scalars.map(opened), outside, fc.nat(), ({ store, accesses }, value, start) => {
        const [{ field, set }] = accesses
        store.values[field.index] = start % field.shape.size
        const before = [...store.values]
        expect(() => set(value)).toThrow(ModelError)
        expect(() => set(value)).toThrow(field.path)
        expect([...store.values]).toEqual(before)
      }),
    )
  })

  it('takes no other type for a number', () => {
    const { store, accesses } = opened(range(0, 3))
    for (const value of [null, true, '2']) expect(() => accesses[0].set(value)).toThrow(ModelError)
    expect(store.values[0]).toBe(0)
  })

  it('takes null for a reference and not for an id', () => {
    const page = sort('page', 2)
    opened(ref(page)).accesses[0].set(null)
    expect(() => opened(id(page)).accesses[0].set(null)).toThrow(ModelError)
  })

  it('has no elements beyond the last and no members that were not declared', () => {
    const l = layout(struct({ root: array(2, flag), inner: struct({ a: flag, names: setOfNames('x') }) }))
    const view = l.view(new EncodedValues(l.fields.length))
    expect(view.root.length).toBe(2)
    expect([...view.root]).toEqual([false, false])
    expect(() => view.root[2]).toThrow('root[2] does not exist')
    expect(() => {
      view.root[2] = true
    }).toThrow(ModelError)
    const inner = view.inner as Record<string, unknown>
    expect(() => inner.b).toThrow(new ModelError('inner.b does not exist: inner has a, names'))
    expect(() => {
      inner.b = true
    }).toThrow(new ModelError('inner.b does not exist: inner has a, names'))
    expect(() => (view as Record<string, unknown>).outer).toThrow(
      new ModelError('outer does not exist: there is root, inner'),
    )
    expect(() => (view.inner.names as unknown as { size: number }).size).toThrow(
      'inner.names.size does not exist: inner.names has has, add, delete',
    )
    expect('b' in inner).toBe(false)
    expect('a' in inner).toBe(true)
  })

  it('keeps sets like a Set', () => {
    const operations = fc.array(
      fc.tuple(fc.constantFrom('add', 'delete', 'clear', 'assign'), fc.nat(3), fc.subarray([0, 1, 2, 3])),
    )
    fc.assert(
      fc.property(operations, (list) => {
        const page = sort('page', 4)
        const l = layout(struct({ mine: setOf(page), other: setOf(page) }))
        const { mine, other } = l.view(new EncodedValues(l.fields.length))
        let model = new Set<number>()
        for (const [op, element, members] of list) {
          if (op === 'add') mine.add(element)
          if (op === 'add') model.add(element)
          if (op === 'delete') mine.delete(element)
          if (op === 'delete') model.delete(element)
          if (op === 'clear') mine.clear()
          if (op === 'clear') model.clear()
          if (op === 'assign') {
            other.clear()
            for (const m of members) other.add(m)
            mine.assign(other)
            model = new Set(members)
          }
          expect(mine.elements()).toEqual([...model].sort())
          expect(mine.isEmpty()).toBe(model.size === 0)
        }
      }),
    )
  })

  it('refuses an element that the set cannot hold', () => {
    const l = layout(struct({ requests: setOfNames('FLUSH', 'RELOAD') }))
    const { requests } = l.view(new EncodedValues(l.fields.length))
    expect(() => requests.add('STEAL' as 'FLUSH')).toThrow('requests cannot contain STEAL')
    expect(requests.elements()).toEqual([])
  })
})

describe('a scalar', () => {
  it('decodes what it encodes', () => {
    fc.assert(
      fc.property(scalars, fc.nat(), (shape, n) => {
        const scalar = shape as Scalar<unknown>
        const code = n % scalar.size
        expect(scalar.encode(scalar.decode(code))).toBe(code)
      }),
    )
  })
})
