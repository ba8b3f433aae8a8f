import type { Property } from '../language/property.ts'
import type { Scenario } from '../scenarios/scenario.ts'
import { addedProperties, type Design } from './design.ts'

/** What is judged when a design is searched in a scenario; no property is in both lists. */
export interface Judged<W> {
  /** Listed by the scenario, or added by the design: there must be something to judge. */
  readonly listed: readonly Property<W>[]
  /** Everything else: what the contents of the scenario call for, deadlocks and oopses. */
  readonly byDefault: readonly Property<W>[]
}

/**
 * The properties that are judged, in the order of the lists. The one place that says so: the command line and the
 * table of designs both take it from here.
 * @param properties all of the model.
 * @throws Error for a scenario that lists a property which does not exist.
 */
export function judgedProperties<W>(
  design: Pick<Design<W>, 'adds' | 'scenarios'>,
  scenario: Scenario<W>,
  properties: readonly Property<W>[],
): Judged<W> {
  const own = scenario.properties.map((id) => {
    const found = properties.find((property) => property.id === id)
    if (found === undefined)
      throw new Error(`scenario ${scenario.id} names property ${id}, which does not exist`)
    return found
  })
  const listed = [...new Set([...own, ...addedProperties(design, scenario.id)])]
  // A user may search a design in scenarios that it does not name; its oopses end behaviours there, too.
  const all = [...properties, ...(design.adds?.properties ?? []).filter(isAlwaysJudged)]
  const byDefault = all.filter((p) => isAlwaysJudged(p) || isJudgedByDefault(scenario, p))
  return { listed, byDefault: [...new Set(byDefault)].filter((p) => !listed.includes(p)) }
}

/** Whether a property is judged in every check. */
export const isAlwaysJudged = ({ kind }: Pick<Property<never>, 'kind'>): boolean =>
  kind === 'deadlock' || kind === 'fault'

/** Whether a scenario is judged by a property because of what it contains, and does not leave it out. */
export function isJudgedByDefault<W>(
  { contains, leavesOut = {} }: Pick<Scenario<W>, 'contains' | 'leavesOut'>,
  { id, judgedWhere }: Pick<Property<W>, 'id' | 'judgedWhere'>,
): boolean {
  if (judgedWhere === undefined || contains === undefined) return false
  return contains(judgedWhere) && !Object.hasOwn(leavesOut, id)
}
