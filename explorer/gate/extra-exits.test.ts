import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { ScenarioBounds } from '../../model/features/index.ts'
import { mergeBounds } from '../../model/memory/bounds.ts'
import { allPlans, type Plan, scenarioOutside } from '../../model/scenarios/build-scenario.ts'
import { scenarios } from '../../model/scenarios/index.ts'
import { properties } from '../../properties/index.ts'
import { breadthFirst } from '../search/index.ts'
import { effort } from '../testing/effort.ts'
import { baselineFile } from './baseline.ts'

const MOST = effort(1500, 4000)

/** The states of a scenario under `upstream`, as recorded. */
const recorded: Record<string, { readonly states: number }> = JSON.parse(
  readFileSync(baselineFile(), 'utf8'),
).cells
const small = (plan: Plan): boolean => (recorded[`upstream in ${plan.id}`]?.states ?? MOST) < MOST
const plans = scenarios.length === 0 ? [] : allPlans().filter(small)

const updatesMemslots = ({ bounds: { memslots = {}, dirtyLog = {} } }: Plan): boolean =>
  dirtyLog.enables === true ||
  [memslots.deletes, memslots.creates, memslots.moves].some((times) => (times ?? 0) > 0)

/** The verdicts on a scenario with some of its bounds replaced, witnesses of the exits themselves left out. */
function verdicts({ bounds, ...plan }: Plan, replaced: ScenarioBounds): Record<string, string> {
  const scenario = scenarioOutside({ ...plan, bounds: mergeBounds<ScenarioBounds>(bounds, replaced) })
  const judged = properties.filter(
    ({ id }) =>
      scenario.properties.includes(id) &&
      id !== 'guest-is-interrupted-by-the-host' &&
      id !== 'request-finds-a-kicked-vcpu',
  )
  const found = breadthFirst(scenario.build(), judged).properties
  return Object.fromEntries(found.map(({ id, verdict }) => [id, verdict]))
}

describe('exits that KVM did not ask for change no verdict', () => {
  it.each(plans.map((plan) => [plan.id, plan] as const))('of a host interrupt in %s', (_, plan) => {
    expect(verdicts(plan, { hostInterrupt: { perVcpu: 1 } })).toEqual(
      verdicts(plan, { hostInterrupt: { perVcpu: 0 } }),
    )
  })

  it.each(plans.filter(updatesMemslots).map((plan) => [plan.id, plan] as const))(
    'of a kick in %s',
    (_, plan) => {
      expect(verdicts(plan, { memslots: { kicks: true } })).toEqual(
        verdicts(plan, { memslots: { kicks: false } }),
      )
    },
  )
})
