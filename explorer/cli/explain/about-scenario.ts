import { isJudgedByDefault } from '../../../model/designs/judged-properties.ts'
import type { Scenario } from '../../../model/scenarios/scenario.ts'
import { builtSystem } from '../built-systems.ts'
import { titled } from '../catalogue.ts'
import type { CommandContext } from '../command-context.ts'
import type { Row, Rows } from './rows.ts'

/** What happens in a scenario, within which bounds, and what is checked there. */
export function aboutScenario({ catalogue }: CommandContext, s: Scenario<unknown>): Rows {
  const byDefault = catalogue.properties.filter(
    (p) => !s.properties.includes(p.id) && isJudgedByDefault(s, p),
  )
  const bounds = Object.entries(s.bounds).map(([what, n]) => `${what} ${n}`)
  const kinds = [...new Set(builtSystem(s).threads.map((t) => t.name))]
  return [
    ['scenario', titled(s)],
    ['is', s.title],
    ['about', s.about],
    ['bounds', `${bounds.join(', ')} (see mmucheck list bounds)`],
    ['threads', kinds.join(', ')],
    ['checks', s.properties.join(', ')],
    ['by default', byDefault.map((p) => p.id).join(', ')],
    ...Object.entries(s.leavesOut ?? {}).map(([id, why]): Row => ['leaves out', `${id}: ${why}`]),
    ['run', `mmucheck check ${s.id}`],
  ]
}
