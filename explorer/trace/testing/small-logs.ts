import type { Condition, Observation, Owed, Value } from '../../../model/language/observation.ts'
import { type RandomSystem, randomSystem } from '../../oracles/random-system.ts'
import { Follower, type FollowerOptions } from '../follower.ts'
import { type FollowResult, resultOf } from '../result.ts'
import { TracedSystem } from '../traced-system.ts'
import { Planner } from '../windows.ts'
import type { ListedLog } from './naive-follower.ts'
import { type Draw, type Probe, recordedWalk } from './recorded-walk.ts'

/** Draws from a tape; past its end it reads as zeros. */
export function drawFrom(tape: readonly number[]): Draw {
  let position = 0
  return (below) => (tape[position++] ?? 0) % below
}

/** What events may print of the world of `randomSystem`. */
interface World {
  readonly level: number
  readonly open: boolean
  readonly owner: number | null
  readonly note: { readonly [worker: number]: number }
  readonly seen: { has(worker: number): boolean }
}

const probe = (what: string, value: (world: World) => Value): Probe => ({
  what,
  value: value as unknown as Probe['value'],
})

const LEVEL = probe('level', (w) => w.level)
const OWNER = probe('owner', (w) => w.owner)
export const PROBES: readonly Probe[] = [
  LEVEL,
  OWNER,
  probe('open', (w) => w.open),
  probe('note[0]', (w) => w.note[0]),
  probe('note[1]', (w) => w.note[1]),
  probe('seen[0]', (w) => w.seen.has(0)),
  { what: 'at worker0', value: (_, at) => at.worker[0] },
]

/** A log of a random walk of a random system. */
export function randomLog(systemTape: readonly number[], logTape: readonly number[]): ListedLog {
  const { system }: RandomSystem = randomSystem(systemTape)
  const draw = drawFrom(logTape)
  return recordedWalk(system, { draw, probes: PROBES, ids: [LEVEL, OWNER], length: 2 + draw(20) })
}

/** Follows a list of observations. */
export function followed(
  log: ListedLog,
  options: FollowerOptions = {},
): FollowResult & { follower: Follower } {
  const planner = new Planner()
  for (const observation of log.observations) planner.add(observation)
  const follower = new Follower(new TracedSystem(log.system, log.observable), planner.plan, options)
  for (const observation of log.observations) if (!follower.push(observation)) break
  return { ...resultOf(follower, planner.plan), follower }
}

/** The log with one random change: of a value, of the order, of what is owed, or of a name. */
export function changed(log: ListedLog, draw: Draw): ListedLog {
  const observations = [...log.observations]
  const n = draw(observations.length)
  const observation = observations[n]
  const changes: readonly (() => void)[] = [
    () => {
      observations[n] = { ...observation, exact: altered(observation.exact ?? [], draw) }
    },
    () => {
      observations.splice(n, 1)
    },
    () => {
      const next = observations[n + 1]
      if (next === undefined) return
      observations[n] = next
      observations[n + 1] = observation
    },
    () => {
      observations[n] = { ...observation, before: alteredItems(observation.before ?? [], draw) }
    },
    () => {
      observations[n] = { ...observation, after: alteredItems(observation.after ?? [], draw) }
    },
    () => {
      const name = `n${draw(2)}`
      observations[n] = { ...observation, exact: [...(observation.exact ?? []), named(name, draw)] }
    },
    () => {
      observations.splice(n, 0, observation)
    },
  ]
  changes[draw(changes.length)]()
  return { ...log, observations }
}

const named = (name: string, draw: Draw): Condition => ({ ...[LEVEL, OWNER][draw(2)], is: { name } })

function altered(conditions: readonly Condition[], draw: Draw): readonly Condition[] {
  if (draw(4) === 0) return [...conditions, named(`n${draw(2)}`, draw)]
  const values: readonly Value[] = [0, 1, 2, 3, null, true, false, 'S.1']
  if (draw(3) === 0) {
    const value = values[draw(values.length)]
    const { what, value: of } = PROBES[draw(PROBES.length)]
    return [...conditions, { what, holds: (world, at, names) => of(world, at) !== (names('n0') ?? value) }]
  }
  return [...conditions, { ...PROBES[draw(PROBES.length)], is: values[draw(values.length)] }]
}

function alteredItems(items: readonly Owed[], draw: Draw): readonly Owed[] {
  const n = draw(items.length + 1)
  const item = items[n] as Owed | undefined
  const rest = items.filter((_, index) => index !== n)
  if (item === undefined || draw(3) === 0)
    return [...items.slice(0, n), { read: altered([], draw) }, ...items.slice(n)]
  if (draw(3) === 0) return rest
  if ('read' in item) return items.map((each) => (each === item ? { read: altered(item.read, draw) } : each))
  const step = item.oneOf[0]
  const thread = step.thread === 'worker0' ? 'worker1' : step.thread
  const other = draw(2) === 0 ? { ...step, after: altered(step.after ?? [], draw) } : { ...step, thread }
  const oneOf = draw(2) === 0 ? [other] : [...item.oneOf, other]
  return items.map((each) => (each === item ? { oneOf } : each))
}

/** The observations of a log in a few words, for messages of failed tests. */
export const shownLog = ({ observations }: { readonly observations: readonly Observation[] }): string =>
  observations.map((o) => JSON.stringify(o)).join('\n')
