import type { Lanes } from '../../counterexamples/lanes.ts'
import type { Row } from '../../counterexamples/rows.ts'
import type { Observation, Value } from '../../model/language/observation.ts'
import { Oops } from '../../model/language/property.ts'
import { quoted } from '../../model/language/quoted.ts'
import type { Follower } from './follower.ts'
import type { TakenStep } from './history.ts'
import type { FollowerStart, RecentPart } from './recent.ts'
import type { RaceDiagram } from './rejection.ts'
import { SingleSteps } from './single-steps.ts'

/** Observations that a race diagram shows. */
const SHOWN = 12

/** Conditions of an event that are shown with it. */
const VALUES = 4

/** An event, or a step of the model, in its place. */
interface Line {
  readonly role: string
  readonly text: string
  readonly isEvent: boolean
}

/**
 * The last observations of a rejected part, and the steps of the model to a candidate between them, in the lanes of the
 * real threads. A hidden step is in the lane of the real thread that latest, or else next, owed a step of its thread;
 * it gets a lane of the model thread if there is none.
 */
export function raceOf(follower: Follower, { start, observations }: RecentPart, row: number): RaceDiagram {
  const { history, candidates } = follower
  const node = candidates.node[row]
  const path = history.path(node)
  const first = Math.max(0, observations.length - SHOWN)
  const lines: Line[] = []
  const texts = textsOf(follower, start, history.root(node), path)
  let step = 0
  observations.forEach((observation, n) => {
    for (; step < path.length && path[step].before <= n; step++) {
      const text = texts[step]
      if (n >= first && text !== null)
        lines.push({ role: roleOf(follower, path, step), text, isEvent: false })
    }
    if (n >= first)
      lines.push({ role: quoted(observation.thread), text: eventText(observation), isEvent: true })
  })
  return drawn(follower, lines)
}

function drawn({ windows }: Follower, lines: readonly Line[]): RaceDiagram {
  const order = windows.threads.map(({ name }) => quoted(name))
  const roles = [...new Set(lines.map(({ role }) => role))].sort((a, b) => place(order, a) - place(order, b))
  const counts = roles.map(() => 0)
  const rows = lines.map(({ role, text, isEvent }, step): Row => {
    const lane = roles.indexOf(role)
    return { lane, step, level: isEvent ? 0 : 1, text, number: ++counts[lane] }
  })
  const lanes: Lanes = {
    all: roles.map((role, cpu) => ({ cpu: `CPU${cpu}`, role })),
    of: rows.map(({ lane }) => lane),
  }
  return { lanes, rows }
}

const place = (order: readonly string[], role: string): number =>
  order.includes(role) ? order.indexOf(role) : order.length

function eventText({ event, line, exact = [] }: Observation): string {
  const values = exact.flatMap((c) => ('is' in c ? [`${c.what} = ${shown(c.is)}`] : [c.what]))
  const more = values.length > VALUES ? [...values.slice(0, VALUES), '...'] : values
  return `${quoted(event)}, line ${line}${more.length === 0 ? '' : `: ${more.join(', ')}`}`
}

const shown = (is: Value | { readonly name: string }): string =>
  typeof is === 'object' && is !== null ? quoted(is.name) : quoted(String(is))

/** What each step shows in the state before it; null for routine steps that no window owes. */
function textsOf(
  { traced }: Follower,
  { rows, low }: FollowerStart,
  root: number,
  path: readonly TakenStep[],
): (string | null)[] {
  const { system, compiled } = traced
  let encoded = new Uint16Array(system.layout.fields.length)
  // The names bound since then have changed the width of a row.
  system.layout.unpack(rows, root * (rows.length / low.length), encoded)
  const steps = new SingleSteps(system)
  return path.map(({ alternative, by }) => {
    const step = compiled.steps[traced.alternatives[alternative].step]
    const { flow, self } = system.threads[step.thread]
    const { about } = (flow.steps.find(({ path: p }) => p === step.path) as (typeof flow.steps)[number]).step
    const { world } = steps.show(encoded.slice())
    const isQuiet = typeof about.quiet === 'function' ? about.quiet(world, self) : about.quiet === true
    const text =
      typeof about.shows === 'function' ? orOops(() => show(about.shows, world, self)) : about.shows
    const tried = steps.try(step, encoded)
    if (tried.kind !== 'taken') throw new Error(`a path to a candidate cannot be taken at ${step.path}`)
    encoded = tried.after as Uint16Array<ArrayBuffer>
    if (isQuiet && by < 0) return null
    return text === undefined ? step.path : `${step.path}: ${text}`
  })
}

const show = (shows: unknown, world: never, self: number): string =>
  (shows as (world: never, self: number) => string)(world, self)

function orOops(run: () => string): string {
  try {
    return run()
  } catch (error) {
    if (error instanceof Oops) return error.message
    throw error
  }
}

/** The real thread, or else the model thread, in whose lane a step is. */
function roleOf({ traced, windows }: Follower, path: readonly TakenStep[], n: number): string {
  const threadOf = ({ alternative }: TakenStep): number => traced.alternatives[alternative].thread
  const isOwed = (step: TakenStep): boolean => step.by >= 0 && threadOf(step) === threadOf(path[n])
  const owed = path.slice(0, n + 1).findLast(isOwed) ?? path.slice(n).find(isOwed)
  return owed === undefined
    ? traced.system.threads[threadOf(path[n])].name
    : quoted(windows.threads[owed.by].name)
}
