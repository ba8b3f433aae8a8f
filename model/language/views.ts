import { ModelError } from './errors.ts'
import type { Cellstore, Field, Node } from './layout.ts'

/**
 * Builds the typed view of a layout over a store: property access becomes reads and writes of codes.
 * Views are built once per store and run when a behaviour is recorded, never per explored state.
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
  const code = field.shape.encode(value)
  if (!Number.isInteger(code) || code < 0 || code >= field.shape.size) {
    throw new ModelError(`${field.path} = ${String(value)} is outside its domain (${field.shape.type})`)
  }
  store.write(field.index, code)
}

/** Defines `key` so that a scalar is read and written through the store and the rest is a fixed sub-view. */
function define(target: object, key: string | number, child: Node, store: Cellstore): void {
  if (child.kind === 'scalar') {
    const { field } = child
    Object.defineProperty(target, key, {
      enumerable: true,
      get: () => readField(store, field),
      set: (value: unknown) => writeField(store, field, value),
    })
  } else {
    Object.defineProperty(target, key, { enumerable: true, value: makeView(child, store) })
  }
}

function structView(node: Node & { kind: 'struct' }, store: Cellstore): object {
  const view = {}
  for (const [name, member] of node.members) define(view, name, member, store)
  return Object.freeze(view)
}

/** Elements are own properties, so reaching one costs no detour; what is none is caught by the prototype. */
function arrayView(node: Node & { kind: 'array' }, store: Cellstore): object {
  const { path, elements } = node
  const view: object = Object.create(refusing(path, elements.length))
  elements.forEach((element, index) => {
    define(view, index, element, store)
  })
  Object.defineProperty(view, 'length', { value: elements.length })
  Object.defineProperty(view, Symbol.iterator, {
    value: function* () {
      for (let i = 0; i < elements.length; i++) yield (view as Record<number, unknown>)[i]
    },
  })
  return Object.freeze(view)
}

/** A prototype that throws when asked for an element that an array of this length does not have. */
function refusing(path: string, length: number): object {
  return new Proxy(Object.prototype, {
    get(target, key, receiver) {
      if (typeof key === 'string' && !(key in target)) throw outOfBounds(path, key, length)
      return Reflect.get(target, key, receiver)
    },
    set(_, key) {
      throw outOfBounds(path, String(key), length)
    },
  })
}

function outOfBounds(path: string, key: string, length: number): ModelError {
  return new ModelError(`${path}[${key}] does not exist: ${path} has ${length} elements`)
}

function setView(node: Node & { kind: 'set' }, store: Cellstore): object {
  const { names, flags, path } = node
  const at = (element: unknown): Field => {
    const index = names.indexOf(element)
    if (index < 0)
      throw new ModelError(`${path} cannot contain ${String(element)}; it may hold ${names.join(', ')}`)
    return flags[index]
  }
  const has = (element: unknown): boolean => store.read(at(element).index) === 1
  const put = (element: unknown, present: boolean): void => store.write(at(element).index, present ? 1 : 0)
  return Object.freeze({
    has,
    add: (element: unknown) => put(element, true),
    delete: (element: unknown) => put(element, false),
    clear: () => {
      for (const name of names) put(name, false)
    },
    isEmpty: () => !names.some(has),
    assign: (other: { has(element: unknown): boolean }) => {
      for (const name of names) put(name, other.has(name))
    },
    elements: () => names.filter(has),
  })
}
