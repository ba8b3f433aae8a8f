import type { System } from '../../model/language/system.ts'
import type { Change } from '../../model/scenarios/additions.ts'
import type { Scenario } from '../../model/scenarios/scenario.ts'

/** Systems that are kept; each takes about a MiB. A check needs two: with its design and without. */
const MOST = 8

interface Built {
  readonly scenario: unknown
  readonly key: unknown
  readonly system: unknown
}

/** Used last comes last. */
const kept: Built[] = []

/**
 * The system of a scenario with a design, built when it is first asked for. Building takes longer than many
 * searches, and a check of one violation asks several times in a process: whether the patches fit, what they
 * change, to search, to shrink, to show.
 * @param change a design; without one, or with one that changes nothing, the model as it is upstream.
 * @throws ModelError when a patch does not fit.
 */
export function builtSystem<W>(scenario: Scenario<W>, change?: Change<W>): System<W> {
  const key = keyOf(change)
  const at = kept.findIndex((b) => b.scenario === scenario && b.key === key)
  const [found] = at < 0 ? [] : kept.splice(at, 1)
  const system = found === undefined ? scenario.build(change) : (found.system as System<W>)
  kept.push({ scenario, key, system })
  if (kept.length > MOST) kept.shift()
  return system
}

/** What is built is the same for the same of this: without patches only what the change adds matters. */
const keyOf = <W>(change?: Change<W>): unknown =>
  change === undefined || change.patches.length === 0 ? change?.adds : change
