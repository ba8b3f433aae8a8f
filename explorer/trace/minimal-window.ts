import type { Observation, Owed } from '../../model/language/observation.ts'
import { Follower } from './follower.ts'
import { MOST_ITEMS } from './obligation.ts'
import type { FollowerStart, RecentPart } from './recent.ts'
import type { TracedSystem } from './traced-system.ts'
import { planFor } from './windows.ts'

/** A rejected part of a log: the last of its observations is the rejected one. */
export interface RejectedPart extends RecentPart {
  /** The real threads, in the order of the log. */
  readonly threads: readonly string[]
  /** The next observation of every other thread. */
  readonly following: readonly Observation[]
}

/** A follower that has followed a part again, to where it stands. */
export function followAgain(
  traced: TracedSystem,
  { start, observations, threads, following }: RejectedPart,
  frontier: number,
): Follower {
  const all = [...observations, ...following]
  const follower = new Follower(
    traced,
    planFor(threads, all),
    { frontier, mostSteps: Number.POSITIVE_INFINITY },
    start,
  )
  for (const observation of all) if (!follower.push(observation)) break
  return follower
}

/**
 * A minimal rejected window: of the observations of a rejected part, few that are rejected without the others. None of
 * them can be left out. What is left out counts only by the steps that its thread owes, in their order: not by its
 * moment, nor by any value. First the beginning is left out as far as possible, then single observations, oldest first.
 * Observations that bind or unbind names stay.
 * @param frontier limit on candidates; a window that reaches it is not known to be rejected.
 */
export function minimalWindow(traced: TracedSystem, part: RejectedPart, frontier: number): Observation[] {
  const { observations } = part
  const last = observations.length - 1
  const ignorable = [...observations.keys()].filter(
    (n) => n < last && observations[n].binds === undefined && observations[n].unbinds === undefined,
  )
  const isRejectedWithout = (ignored: ReadonlySet<number>): boolean => {
    const rest = without(part, ignored)
    if (rest === null) return false
    const follower = followAgain(traced, rest, frontier)
    return follower.standing === 'rejected' && follower.observed === rest.observations.length - 1
  }
  // Leaving out more never makes an accepted window rejected, so the longest prefix is found by bisection.
  let prefix = 0
  for (let most = ignorable.length; prefix < most; ) {
    const middle = (prefix + most + 1) >>> 1
    if (isRejectedWithout(new Set(ignorable.slice(0, middle)))) prefix = middle
    else most = middle - 1
  }
  const ignored = new Set(ignorable.slice(0, prefix))
  for (const n of ignorable.slice(prefix + 1)) if (isRejectedWithout(new Set([...ignored, n]))) ignored.add(n)
  return observations.filter((_, n) => !ignored.has(n))
}

/** The part without the moments and values of some observations; null if a window would owe too much. */
function without(part: RejectedPart, ignored: ReadonlySet<number>): RejectedPart | null {
  const { observations, following, threads } = part
  const carried = new Map<string, Owed[]>()
  const latest = new Map<string, { observation: Observation }>()
  const kept: { observation: Observation }[] = []
  const keep = (observation: Observation): void => {
    const before = [...(carried.get(observation.thread) ?? []), ...(observation.before ?? [])]
    carried.delete(observation.thread)
    const entry = { observation: { ...observation, before } }
    latest.set(observation.thread, entry)
    kept.push(entry)
  }
  for (const [n, observation] of observations.entries()) {
    if (!ignored.has(n)) keep(observation)
    else {
      const owed = [...(observation.before ?? []), ...(observation.after ?? [])].map(stepsOnly)
      carried.set(observation.thread, [...(carried.get(observation.thread) ?? []), ...owed])
    }
  }
  const count = kept.length
  for (const observation of following) keep(observation)
  const after = part.start.after.map((owed, t) => {
    const rest = carried.get(threads[t])
    const entry = latest.get(threads[t])
    if (rest === undefined) return owed
    if (entry === undefined) return [...owed, ...rest]
    const { observation } = entry
    entry.observation = { ...observation, after: [...(observation.after ?? []), ...rest] }
    return owed
  })
  const all = kept.map(({ observation }) => observation)
  const most = all.reduce((sum, o) => sum + (o.before ?? []).length + (o.after ?? []).length, 0)
  if (most + Math.max(0, ...after.map((owed) => owed.length)) > MOST_ITEMS) return null
  const start: FollowerStart = { ...part.start, after }
  return { threads, start, observations: all.slice(0, count), following: all.slice(count) }
}

/** An item without its values. A read stays as one of nothing, so that items keep their numbers. */
const stepsOnly = (owed: Owed): Owed =>
  'read' in owed ? { read: [] } : { oneOf: owed.oneOf.map(({ before: _, after: __, ...step }) => step) }
