import { CELLS, type Cells } from './changes.ts'
import { AbsentMember, ModelError } from './errors.ts'
import type { Cellstore, Classes, Field, Node } from './fields.ts'
import { INDICES } from './indices.ts'
import { PLACED, type Places } from './places.ts'

/**
 * Builds the typed view of a layout over a store: property access becomes reads and writes of encoded values.
 * Views are built once per store and used when a transition is recorded, never per explored state.
 */
export function makeView(node: Node, store: Cellstore): unknown {
  switch (node.kind) {
    case 'scalar':
      return readField(store, node.field)
    case 'struct':
      return structView(node, store)
    case 'array':
      return arrayView(node, store)
    case 'set':
      return setView(node, store)
  }
}

function readField(store: Cellstore, field: Field): unknown {
  return field.shape.decode(store.read(field.index))
}

function writeField(store: Cellstore, field: Field, value: unknown): void {
  const encoded = field.shape.encode(value)
  if (!Number.isInteger(encoded) || encoded < 0 || encoded >= field.shape.size) {
    throw new ModelError(`${field.path} = ${String(value)} is outside its domain (${field.shape.type})`)
  }
  store.write(field.index, encoded)
}

/**
 * Defines `key`: a scalar as an accessor of the store, anything else as a fixed sub-view. It is made when it is first
 * read: many views are built to look at a few members.
 */
function define(target: object, key: string | number, child: Node, store: Cellstore): void {
  if (child.kind === 'scalar') {
    const { field } = child
    Object.defineProperty(target, key, {
      enumerable: true,
      get: () => readField(store, field),
      set: (value: unknown) => writeField(store, field, value),
    })
  } else {
    let view: unknown
    Object.defineProperty(target, key, {
      enumerable: true,
      get: () => {
        view ??= makeView(child, store)
        return view
      },
    })
  }
}

function structView(node: Node & { kind: 'struct' }, store: Cellstore): object {
  const view: object = Object.create(
    refusing((key) => `${memberPath(node.path, key)} does not exist: ${has(node, [...node.members.keys()])}`),
  )
  for (const [name, member] of node.members) define(view, name, member, store)
  defineCells(view, node, store)
  return Object.freeze(view)
}

const memberPath = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`)
const has = ({ path }: { readonly path: string }, members: readonly string[]): string =>
  `${path === '' ? 'there is' : `${path} has`} ${members.length === 0 ? 'nothing' : members.join(', ')}`

/** Elements are own properties, for speed; the prototype catches the rest. */
function arrayView(node: Node & { kind: 'array' }, store: Cellstore): object {
  const { path, elements } = node
  const view: object = Object.create(
    refusing((key) => `${path}[${key}] does not exist: ${path} has ${elements.length} elements`),
  )
  elements.forEach((element, index) => {
    define(view, index, element, store)
  })
  Object.defineProperty(view, 'length', { value: elements.length })
  defineCells(view, node, store)
  Object.defineProperty(view, PLACED, { value: placedIn(elements, store) })
  Object.defineProperty(view, INDICES, { value: store.indices?.(elements.length) })
  Object.defineProperty(view, Symbol.iterator, {
    value: function* () {
      for (let i = 0; i < elements.length; i++) yield (view as Record<number, unknown>)[i]
    },
  })
  return Object.freeze(view)
}

function defineCells(view: object, node: Node, store: Cellstore): void {
  let cells: Cells | undefined
  Object.defineProperty(view, CELLS, {
    get: () => {
      cells ??= cellsOf(node, store)
      return cells
    },
  })
}

/** The fields below a node: they are numbered in the order of declaration, so they follow one another. */
function cellsOf(node: Node, store: Cellstore): Cells {
  let first = Number.POSITIVE_INFINITY
  let last = -1
  const visit = (each: Node): void => {
    const fields = each.kind === 'scalar' ? [each.field] : each.kind === 'set' ? each.flags : []
    for (const { index } of fields) {
      first = Math.min(first, index)
      last = Math.max(last, index)
    }
    if (each.kind === 'array') for (const element of each.elements) visit(element)
    if (each.kind === 'struct') for (const member of each.members.values()) visit(member)
  }
  visit(node)
  return { store, first, last }
}

/** Answers `isAt` on an array of program counters. */
function placedIn(elements: readonly Node[], store: Cellstore): (self: number, places: Places) => boolean {
  const known = new WeakMap<Places, Classes>()
  return (self, places) => {
    const node = elements[self]
    if (node?.kind !== 'scalar') throw new AbsentMember(`there is no program counter ${self}`)
    const { index, shape } = node.field
    let classes = known.get(places)
    if (classes === undefined) {
      classes = Uint8Array.from({ length: shape.size }, (_, value) =>
        Number(places(shape.decode(value) as string)),
      )
      known.set(places, classes)
    }
    const found = store.classOf === undefined ? classes[store.read(index)] : store.classOf(index, classes)
    return found === 1
  }
}

/** A prototype that throws on access to a member that its view does not have. `in` still works. */
function refusing(message: (key: string) => string): object {
  return new Proxy(Object.prototype, {
    get(target, key, receiver) {
      if (typeof key === 'string' && !(key in target)) throw new AbsentMember(message(key))
      return Reflect.get(target, key, receiver)
    },
    set(_, key) {
      throw new ModelError(message(String(key)))
    },
  })
}

function setView(node: Node & { kind: 'set' }, store: Cellstore): object {
  const { names, flags, path } = node
  const fields = Int32Array.from(flags, ({ index }) => index)
  const at = (element: unknown): Field => {
    // Most sets are of numbers, which are their own positions.
    const index = names[element as number] === element ? (element as number) : names.indexOf(element)
    if (index < 0)
      throw new ModelError(`${path} cannot contain ${String(element)}; it may hold ${names.join(', ')}`)
    return flags[index]
  }
  const holds = (element: unknown): boolean => store.read(at(element).index) === 1
  const put = (element: unknown, present: boolean): void => store.write(at(element).index, present ? 1 : 0)
  const methods = {
    has: holds,
    add: (element: unknown) => put(element, true),
    delete: (element: unknown) => put(element, false),
    clear: () => {
      for (const name of names) put(name, false)
    },
    isEmpty: () => {
      for (let n = 0; n < fields.length; n++) if (store.read(fields[n]) === 1) return false
      return true
    },
    assign: (other: { has(element: unknown): boolean }) => {
      for (const name of names) put(name, other.has(name))
    },
    elements: () => names.filter((_, n) => store.read(fields[n]) === 1),
  }
  const prototype = refusing(
    (key) => `${memberPath(path, key)} does not exist: ${has(node, Object.keys(methods))}`,
  )
  return Object.freeze(Object.setPrototypeOf(methods, prototype))
}
