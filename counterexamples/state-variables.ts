import type { Field, Node } from '../model/language/fields.ts'
import type { System } from '../model/language/system.ts'

/** A part of the state that is shown as one: a scalar, or a whole set. */
export interface StateVariable {
  /** Name as in the kernel: `vcpu[0].prev_roots[1]`. */
  readonly path: string
  /** Fields of the state vector it consists of. */
  readonly fields: readonly number[]
  /** True for a program counter; lanes show these anyway. */
  readonly counter: boolean
  /** The value in a state, as text: `1`, `none`, `{MMU_RELOAD, TLB_FLUSH}`. */
  value(state: ArrayLike<number>): string
}

/** The variables of a state vector in order of declaration, and the variable of each field. */
export interface StateVariables {
  readonly all: readonly StateVariable[]
  of(field: number): StateVariable
}

/** StateVariables by layout; renderers ask for them many times. */
const known = new WeakMap<Node, StateVariables>()

/** The variables of a system's states. */
export function variablesOf({ layout }: System): StateVariables {
  const found = known.get(layout.root)
  if (found !== undefined) return found
  const all: StateVariable[] = []
  collect(layout.root, all)
  const byField = new Map(
    all.flatMap((variable) => variable.fields.map((field) => [field, variable] as const)),
  )
  const variables: StateVariables = { all, of: (field) => byField.get(field) as StateVariable }
  known.set(layout.root, variables)
  return variables
}

function collect(node: Node, into: StateVariable[]): void {
  switch (node.kind) {
    case 'scalar': {
      const { field } = node
      into.push({
        ...named(field.path),
        fields: [field.index],
        value: (state) => scalarText(field, state[field.index]),
      })
      return
    }
    case 'set': {
      const { names, flags } = node
      into.push({
        ...named(node.path),
        fields: flags.map((f) => f.index),
        value: (state) => `{${names.filter((_, i) => state[flags[i].index] === 1).join(', ')}}`,
      })
      return
    }
    case 'array':
      for (const element of node.elements) collect(element, into)
      return
    case 'struct':
      for (const member of node.members.values()) collect(member, into)
  }
}

const named = (path: string): { path: string; counter: boolean } => ({
  path: path.replace(/^world\./, ''),
  counter: path.startsWith('at.'),
})

/**
 * A value as text: a flag is 0 or 1, as in a kernel dump, a missing id is `none`, and an id says of what it is unless
 * the field's name does (`root = page 0`, because `root = 0` would read as NULL; `gfn = 0`).
 */
export function scalarText(field: Field, encoded: number): string {
  const value = field.shape.decode(encoded)
  if (value === null) return 'none'
  if (typeof value === 'boolean') return String(Number(value))
  const sort = field.shape.idOf?.sort.name
  const isNamed = sort === undefined || field.path.replace(/\[\d+\]/g, '').endsWith(sort)
  return isNamed ? String(value) : `${sort} ${value}`
}
