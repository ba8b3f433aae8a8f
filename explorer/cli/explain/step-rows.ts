import { builtSystem } from '../built-systems.ts'
import { findDesign, findScenario } from '../catalogue.ts'
import type { CommandContext } from '../command-context.ts'
import { statementOf } from '../design-effect.ts'
import type { Machine, MachineStep } from '../machines.ts'
import type { Row } from './rows.ts'

/**
 * A row per step, below its kernel function: path and statement. Of a step that stands in several places, such as one
 * of a function with several callers, only the first is listed, and how many there are.
 * @param skip length of the part of the paths that is left out.
 */
export function stepRows(
  context: CommandContext,
  m: Machine,
  steps: readonly MachineStep[],
  skip = 0,
): readonly Row[] {
  const places = new Map<string, MachineStep[]>()
  for (const each of steps) {
    const key = `${each.path.slice(each.path.lastIndexOf('/') + 1)} ${keyOf(each)}`
    places.set(key, [...(places.get(key) ?? []), each])
  }
  let fn: string | null = null
  const rows = [...places.values()].flatMap((same): Row[] => {
    const [{ path, located }] = same
    const heading = located.step.about.fn === undefined ? '(no function)' : `${located.step.about.fn}()`
    const isNew = heading !== fn
    fn = heading
    const statement = statementIn(context, m, same[0])
    const count = same.length === 1 ? '' : ` (${same.length} places)`
    const text = `${path.slice(skip)}${count}${statement === null ? '' : `: ${statement}`}`
    return [...(isNew ? [['', heading] as const] : []), ['', text, 2]]
  })
  return rows.map(([, ...row], index): Row => [index === 0 ? 'steps' : '', ...row])
}

/** Equal for steps that do the same. */
export const keyOf = ({ located }: MachineStep): string => JSON.stringify(located.step.about)

/** The statement that diagrams show for a step, in the initial state of the first scenario that has it. */
export function statementIn(
  { catalogue }: CommandContext,
  m: Machine,
  { located: { step }, scenario }: MachineStep,
): string | null {
  const adds = m.design === undefined ? undefined : findDesign(catalogue, m.design).adds
  const change = { patches: [], ...(adds === undefined ? {} : { adds }) }
  return statementOf(() => builtSystem(findScenario(catalogue, scenario), change), m.id, step)
}
