import type { CommandContext } from '../command-context.ts'
import { isPathOf, type Machine } from '../machines.ts'
import { blocksOf, withSuchPath } from './paths.ts'
import type { Row, Rows } from './rows.ts'
import { stepRows } from './step-rows.ts'

/** Every block of steps whose path ends in the name; those of a machine with the same steps are listed once. */
export function aboutBlocks(context: CommandContext, machines: readonly Machine[], name: string): Rows[] {
  const isMeant = (path: string): boolean => blocksOf(path).some((block) => isPathOf(block, name))
  return withSuchPath(machines, isMeant).flatMap((m) => {
    const blocks = new Set(
      m.steps.flatMap(({ path }) => blocksOf(path)).filter((block) => isPathOf(block, name)),
    )
    const alike = new Map<string, { readonly places: string[]; readonly rows: readonly Row[] }>()
    for (const block of blocks) {
      const inside = m.steps.filter(({ path }) => path.startsWith(`${block}/`))
      const rows = stepRows(context, m, inside, block.length + 1)
      const known = alike.get(JSON.stringify(rows))
      if (known === undefined) alike.set(JSON.stringify(rows), { places: [block], rows })
      else known.places.push(block)
    }
    return [...alike.values()].map(({ places: [first, ...others], rows }): Rows => {
      return [['block', `${m.id}.${first}`], ...rows, ['also at', others.join(', ')]]
    })
  })
}
