import { type BoundOption, defaultInWords } from '../bound-options.ts'
import type { CommandContext } from '../command-context.ts'
import type { Row, Rows } from './rows.ts'

/** An option in the bounds of a scenario, and the scenarios that set it. */
export function aboutBound({ catalogue }: CommandContext, bound: BoundOption): Rows {
  const set = catalogue.scenarios.flatMap(({ id, bounds }) =>
    Object.hasOwn(bounds, bound.id) ? [`${id} ${bounds[bound.id]}`] : [],
  )
  return [
    ['bound', bound.id],
    ['is', bound.title],
    ['group', bound.group === null ? '' : `${bound.group.id}: ${bound.group.title}`],
    ['values', `${bound.values}; ${defaultInWords(bound)}`],
    ...bound.members.map(
      ([name, meaning], index): Row => [index === 0 ? 'members' : '', `${name}: ${meaning}`],
    ),
    ['set in', set.join(', ')],
  ]
}
