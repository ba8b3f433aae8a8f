import type { Field, Node } from '../model/language/fields.ts'
import type { System } from '../model/language/system.ts'

/** What a reader sees as one thing: a scalar, or a whole set. */
export interface Item {
  /** How the kernel developer would write it: `vcpu[0].prev_roots[1]`. */
  readonly path: string
  /** Fields it consists of. */
  readonly fields: readonly number[]
  /** True for a program counter, which lanes show by themselves. */
  readonly counter: boolean
  /** Its value in a state: `1`, `none`, `{MMU_RELOAD, TLB_FLUSH}`. */
  value(codes: ArrayLike<number>): string
}

/** The items of a state vector in order of declaration, and where each field went. */
export interface Items {
  readonly all: readonly Item[]
  of(field: number): Item
}

/** Items by layout, so that renderers can ask for them again and again. */
const known = new WeakMap<Node, Items>()

/** The items of a system's states. */
export function itemsOf({ layout }: System): Items {
  const found = known.get(layout.root)
  if (found !== undefined) return found
  const all: Item[] = []
  collect(layout.root, all)
  const byField = new Map(all.flatMap((item) => item.fields.map((field) => [field, item] as const)))
  const items: Items = { all, of: (field) => byField.get(field) as Item }
  known.set(layout.root, items)
  return items
}

function collect(node: Node, into: Item[]): void {
  switch (node.kind) {
    case 'scalar': {
      const { field } = node
      into.push({
        ...named(field.path),
        fields: [field.index],
        value: (codes) => scalarText(field, codes[field.index]),
      })
      return
    }
    case 'set': {
      const { names, flags } = node
      into.push({
        ...named(node.path),
        fields: flags.map((f) => f.index),
        value: (codes) => `{${names.filter((_, i) => codes[flags[i].index] === 1).join(', ')}}`,
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

/** A flag is 0 or 1 and a missing id is `none`, as in a kernel dump. */
export function scalarText(field: Field, code: number): string {
  const value = field.shape.decode(code)
  if (value === null) return 'none'
  return typeof value === 'boolean' ? String(Number(value)) : String(value)
}
