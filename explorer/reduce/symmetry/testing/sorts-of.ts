import type { Node } from '../../../../model/language/fields.ts'
import type { Sort } from '../../../../model/language/shapes.ts'
import type { System } from '../../../../model/language/system.ts'

/** The sorts that index arrays and sets of a system, in the order of the layout. */
export function sortsOf(system: Pick<System, 'layout'>): Sort[] {
  const found = new Set<Sort>()
  const visit = (node: Node): void => {
    if (node.kind === 'scalar') return
    if (node.kind === 'struct') {
      for (const member of node.members.values()) visit(member)
      return
    }
    if (node.indexedBy !== undefined) found.add(node.indexedBy)
    if (node.kind === 'array') node.elements.forEach(visit)
  }
  visit(system.layout.root)
  return [...found]
}
