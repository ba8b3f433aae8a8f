import { ModelError } from './errors.ts'
import type { Cellstore, Field, Node } from './fields.ts'
import type { Scalar, Shape, View } from './shapes.ts'
import { makeView } from './views.ts'

/**
 * The state vector of a declared shape: numbered fields, their packing into 32-bit words, and views.
 * Fields never straddle a word. The packing is a function of the shape alone, so equal declarations give
 * equal vectors in every process.
 */
export interface Layout<S extends Shape = Shape> {
  readonly root: Node
  readonly fields: readonly Field[]
  /** Length of the packed state vector in 32-bit words. */
  readonly words: number
  /** A typed view of the encoded values in a store. Writes outside a domain throw ModelError. */
  view(store: Cellstore): View<S>
  /** Packs one encoded value per field into `words` words at `offset`. Each must be in its domain. */
  pack(encoded: ArrayLike<number>, into: Int32Array, offset: number): void
  /** The inverse of `pack`. */
  unpack(from: Int32Array, offset: number, encoded: Uint16Array): void
}

/** Encoded values in an array, initially all 0: every field has its first value. */
export class EncodedValues implements Cellstore {
  readonly values: Uint16Array
  constructor(fields: number) {
    this.values = new Uint16Array(fields)
  }
  read(field: number): number {
    return this.values[field]
  }
  write(field: number, value: number): void {
    this.values[field] = value
  }
}

const bitsFor = (size: number): number => (size <= 1 ? 0 : 32 - Math.clz32(size - 1))

/**
 * Numbers and packs the fields of a shape. To keep the vector short, fields are placed widest first, ties in
 * declaration order, into the first word with room.
 */
export function layout<S extends Shape>(shape: S): Layout<S> {
  const scalars: { path: string; shape: Scalar<unknown> }[] = []
  collect(shape, '', scalars)
  const fields = place(scalars)
  let next = 0
  const root = build(shape, '', () => fields[next++])
  const words = fields.reduce((most, f) => (f.mask === 0 ? most : Math.max(most, f.word + 1)), 1)
  // In typed arrays, because predicates are recorded by the ten thousands.
  const word = Int32Array.from(fields, (f) => f.word)
  const shift = Int32Array.from(fields, (f) => f.shift)
  const mask = Int32Array.from(fields, (f) => f.mask)
  return {
    root,
    fields,
    words,
    view: (store) => makeView(root, store) as View<S>,
    pack(encoded, into, offset) {
      into.fill(0, offset, offset + words)
      for (const f of fields) into[offset + f.word] |= encoded[f.index] << f.shift
    },
    unpack(from, offset, encoded) {
      for (let f = 0; f < word.length; f++) encoded[f] = (from[offset + word[f]] >>> shift[f]) & mask[f]
    },
  }
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

function collect(shape: Shape, path: string, into: { path: string; shape: Scalar<unknown> }[]): void {
  walk(shape, path, (at, scalar) => into.push({ path: at, shape: scalar }))
}

const setFlag = { kind: 'scalar', type: 'flag', size: 2, encode: Number, decode: Boolean } as Scalar<unknown>

/** Visits the scalars of a shape in declaration order; `build` consumes the fields in the same order. */
function walk(shape: Shape, path: string, visit: (path: string, scalar: Scalar<unknown>) => void): void {
  if (shape.kind === 'scalar') visit(path, shape)
  else if (shape.kind === 'set') for (const name of shape.elements) visit(`${path}{${name}}`, setFlag)
  else if (shape.kind === 'array') {
    for (let i = 0; i < shape.length; i++) walk(shape.element, `${path}[${i}]`, visit)
  } else
    for (const [name, member] of Object.entries(shape.members)) walk(member as Shape, join(path, name), visit)
}

function build(shape: Shape, path: string, take: () => Field): Node {
  if (shape.kind === 'scalar') return { kind: 'scalar', field: take() }
  if (shape.kind === 'set') {
    const flags = shape.elements.map(take)
    const node = { kind: 'set' as const, path, names: shape.elements, flags }
    return shape.indexedBy === undefined ? node : { ...node, indexedBy: shape.indexedBy }
  }
  if (shape.kind === 'array') {
    const elements = Array.from({ length: shape.length }, (_, i) =>
      build(shape.element, `${path}[${i}]`, take),
    )
    const node = { kind: 'array' as const, path, elements }
    return shape.indexedBy === undefined ? node : { ...node, indexedBy: shape.indexedBy }
  }
  const members = new Map<string, Node>()
  for (const [name, member] of Object.entries(shape.members)) {
    members.set(name, build(member as Shape, join(path, name), take))
  }
  return { kind: 'struct', path, members }
}

function place(scalars: readonly { path: string; shape: Scalar<unknown> }[]): Field[] {
  const free: number[] = []
  const fields: Field[] = new Array(scalars.length)
  const order = scalars
    .map((s, index) => ({ index, bits: bitsFor(s.shape.size) }))
    .sort((a, b) => b.bits - a.bits || a.index - b.index)
  for (const { index, bits } of order) {
    let word = free.findIndex((room) => room >= bits)
    if (word < 0) {
      word = free.length
      free.push(32)
    }
    const shift = 32 - free[word]
    free[word] -= bits
    const { path, shape } = scalars[index]
    if (shape.size < 1) throw new ModelError(`${path} has no possible value`)
    fields[index] = { index, path, shape, word, shift: shift & 31, mask: (1 << bits) - 1 }
  }
  return fields
}
