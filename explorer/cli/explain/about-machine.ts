import type { CommandContext } from '../command-context.ts'
import type { Machine } from '../machines.ts'
import { namesAmong } from './names-among.ts'
import type { Rows } from './rows.ts'
import { stepRows } from './step-rows.ts'

/** The steps of a machine, and the scenarios that it runs in. */
export function aboutMachine(context: CommandContext, m: Machine): Rows {
  const all = context.catalogue.scenarios.map((s) => s.id)
  return [
    ['machine', m.id],
    ['is', m.title],
    ['runs in', namesAmong(m.scenarios, all)],
    ...stepRows(context, m, m.steps),
  ]
}
