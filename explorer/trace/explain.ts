import type { Condition, Observation, Value } from '../../model/language/observation.ts'
import { oneLine } from '../../model/language/reference.ts'
import { type Compared, compared, isTrue } from './conditions.ts'
import type { Follower } from './follower.ts'
import { followAgain, minimalWindow, type RejectedPart } from './minimal-window.ts'
import type { Item, Wanted } from './obligation.ts'
import { raceOf } from './race.ts'
import type { Refusal, Rejection, ThreadPlaces, UnmetItem } from './rejection.ts'
import { SingleSteps } from './single-steps.ts'

/** A minimal window may need more candidates than were found, because it leaves out observations; but not many more. */
const MORE_CANDIDATES = { times: 4, plus: 1000 }

/** Refusals, the farthest from agreeing first. */
const RANKS: readonly Refusal['kind'][] = [
  'no-such-step',
  'elsewhere',
  'blocked',
  'oops',
  'other-case',
  'differs',
]

/**
 * Explains the rejection at which a follower stands: follows the last observations again and looks at the candidates
 * before the rejected one. Deterministic.
 */
export function rejectionOf(rejected: Follower): Rejection {
  const { traced, recent, windows } = rejected
  const { part } = recent
  const next = rejected.next
  if (part === null || next === undefined || rejected.standing !== 'rejected')
    throw new Error('only a rejected log can be explained')
  const following = windows.threads.flatMap(({ next: waiting }, t) =>
    t === next.thread || waiting === null ? [] : [waiting],
  )
  const again: RejectedPart = { ...part, threads: windows.threads.map(({ name }) => name), following }
  const follower = followAgain(traced, again, rejected.frontier)
  if (follower.standing !== 'rejected' || follower.observed !== part.observations.length - 1)
    throw new Error('a part of a log was not rejected again as the whole log was')
  const look = new Look(follower, next.observation, next.thread)
  const nearest = look.nearest()
  const failing = look.failing(nearest)
  const frontier = MORE_CANDIDATES.times * rejected.candidates.liveCount + MORE_CANDIDATES.plus
  const unmet = look.unmet(nearest)
  return {
    observation: next.observation,
    kind: unmet === null || isDifference(unmet) ? 'state-differs' : 'no-model-step',
    candidates: follower.candidates.liveCount,
    places: look.places(),
    nearest: { encoded: look.encoded(nearest), counters: look.counters(nearest) },
    unmet,
    compared: failing,
    elsewhere: look.elsewhere(failing, next.observation.exact ?? []),
    race: raceOf(follower, part, nearest),
    minimal: minimalWindow(traced, again, Math.min(rejected.frontier, frontier)),
  }
}

const isDifference = ({ steps, read }: UnmetItem): boolean =>
  read.length > 0 || steps.some(({ refusal }) => refusal.kind === 'differs')

/** Looks at the candidates before a rejected observation. */
class Look {
  readonly #follower: Follower
  readonly #observation: Observation
  readonly #thread: number
  readonly #steps: SingleSteps
  readonly #rows: readonly number[]

  constructor(follower: Follower, observation: Observation, thread: number) {
    this.#follower = follower
    this.#observation = observation
    this.#thread = thread
    this.#steps = new SingleSteps(follower.traced.system)
    const { live, liveCount } = follower.candidates
    this.#rows = [...live.subarray(0, liveCount)]
  }

  /** The candidate that is nearest to agreeing: has met most, then comes closest to the next item, then agrees most. */
  nearest(): number {
    const most = Math.max(...this.#rows.map((row) => this.#met(row)))
    const farthest = this.#rows.filter((row) => this.#met(row) === most)
    const ranked = farthest.map((row) => ({ row, rank: this.#rank(row) }))
    return ranked.reduce((best, each) => (isLess(best.rank, each.rank) ? each : best)).row
  }

  /** Conditions of the observation that do not hold in a candidate; none if the window is not met. */
  failing(row: number): Compared[] {
    if (this.#item(row) !== undefined) return []
    return this.#bound(row, () => this.#failing(this.#observation.exact ?? [], this.encoded(row)))
  }

  unmet(row: number): UnmetItem | null {
    const item = this.#item(row)
    if (item === undefined) return null
    const { windows } = this.#follower
    const encoded = this.encoded(row)
    this.#follower.show(row)
    return {
      number: this.#met(row) + 1,
      of: windows.threads[this.#thread].items.length,
      steps:
        item.kind === 'read'
          ? []
          : item.oneOf.map((wanted) => ({ owed: wanted.owed, refusal: this.#refusal(wanted, encoded) })),
      read: item.kind === 'read' ? this.#failing(item.conditions, encoded) : [],
    }
  }

  places(): ThreadPlaces[] {
    const { system } = this.#follower.traced
    const all = this.#rows.map((row) => this.encoded(row))
    return system.threads.map(({ name, counter, flow }) => {
      const counts = new Map<number, number>()
      for (const encoded of all)
        counts.set(encoded[counter.index], (counts.get(encoded[counter.index]) ?? 0) + 1)
      const places = [...counts].sort(([a, m], [b, n]) => n - m || a - b)
      return {
        thread: name,
        places: places.map(([at, candidates]) => ({ at: flow.counters[at], candidates })),
      }
    })
  }

  counters(row: number): { thread: string; at: string }[] {
    const encoded = this.encoded(row)
    const { threads } = this.#follower.traced.system
    return threads.map(({ name, counter, flow }) => ({
      thread: name,
      at: flow.counters[encoded[counter.index]],
    }))
  }

  /** The values of candidates that have met the window, for conditions that fail in the nearest one. */
  elsewhere(
    failing: readonly Compared[],
    conditions: readonly Condition[],
  ): { what: string; values: readonly Value[] }[] {
    const met = this.#rows.filter((row) => this.#item(row) === undefined)
    return conditions
      .filter((condition) => 'is' in condition && failing.some(({ what }) => what === condition.what))
      .map((condition) => {
        const counts = new Map<Value, number>()
        for (const row of met) {
          const { model } = this.#bound(row, () =>
            compared(condition, this.#steps.show(this.encoded(row)), this.#follower.names),
          )
          if (model !== undefined) counts.set(model, (counts.get(model) ?? 0) + 1)
        }
        const values = [...counts].sort(([, m], [, n]) => n - m).map(([value]) => value)
        return { what: condition.what, values }
      })
  }

  encoded(row: number): Uint16Array {
    const { candidates, traced } = this.#follower
    const encoded = new Uint16Array(traced.system.layout.fields.length)
    traced.system.layout.unpack(candidates.rows, row * candidates.width, encoded)
    return encoded
  }

  #met(row: number): number {
    const { candidates, windows } = this.#follower
    return (candidates.met(row, this.#thread) - windows.begins[this.#thread]) & 0xff
  }

  #item(row: number): Item | undefined {
    const { windows, candidates } = this.#follower
    return windows.next(this.#thread, candidates.met(row, this.#thread))
  }

  /** How near a candidate is, compared from the left. */
  #rank(row: number): readonly number[] {
    const item = this.#item(row)
    if (item === undefined) return [-this.failing(row).length]
    const encoded = this.encoded(row)
    this.#follower.show(row)
    if (item.kind === 'read') return [-this.#failing(item.conditions, encoded).length]
    // The table knows no step for such an event.
    if (item.oneOf.length === 0) return [-1]
    return item.oneOf
      .map((wanted): readonly number[] => {
        const refusal = this.#refusal(wanted, encoded)
        const differences = refusal.kind === 'differs' ? refusal.compared.length : 0
        const isAfter = refusal.kind === 'differs' && refusal.when === 'after' ? 1 : 0
        return [RANKS.indexOf(refusal.kind), isAfter, -differences]
      })
      .reduce((best, each) => (isLess(best, each) ? each : best))
  }

  #refusal(wanted: Wanted, encoded: Uint16Array): Refusal {
    const { traced } = this.#follower
    const { counter, flow } = traced.system.threads[wanted.thread]
    const meant = traced.compiled.steps.filter(({ index }) => wanted.steps[index] === 1)
    if (meant.length === 0) return { kind: 'no-such-step' }
    const here = meant.filter((step) => step.counter === encoded[counter.index])
    if (here.length === 0) return { kind: 'elsewhere', at: flow.counters[encoded[counter.index]] }
    const refusals = here.map((step): Refusal => {
      const tried = this.#steps.try(step, encoded)
      if (tried.kind === 'blocked') {
        const guards = step.cases.flatMap(({ guard }) =>
          guard === undefined ? [] : [oneLine(guard as (world: never, self: number) => boolean)],
        )
        return { kind: 'blocked', guards, reads: this.#steps.guardReads(encoded) }
      }
      if (tried.kind === 'oops') return tried
      if (wanted.case >= 0 && wanted.case !== tried.case)
        return { kind: 'other-case', case: tried.case, reads: this.#steps.guardReads(encoded) }
      const before = this.#failing(wanted.before, encoded)
      if (before.length > 0) return { kind: 'differs', when: 'before', compared: before }
      return { kind: 'differs', when: 'after', compared: this.#failing(wanted.after, tried.after) }
    })
    return refusals.reduce((best, each) =>
      RANKS.indexOf(each.kind) > RANKS.indexOf(best.kind) ? each : best,
    )
  }

  /** The conditions that fail in a state, for the names that the follower shows. */
  #failing(conditions: readonly Condition[], encoded: Uint16Array): Compared[] {
    const { names } = this.#follower
    const view = this.#steps.show(encoded)
    return conditions.filter((c) => !isTrue(c, view, names)).map((c) => compared(c, view, names))
  }

  /** Runs a function with the names as the observation binds them in a candidate. */
  #bound<T>(row: number, run: () => T): T {
    const { names } = this.#follower
    this.#follower.show(row)
    const { world, at } = this.#steps.show(this.encoded(row))
    for (const { name, value } of this.#observation.binds ?? []) names.override(name, value(world, at))
    try {
      return run()
    } finally {
      names.settle()
    }
  }
}

/** Whether a rank is lower than another. */
function isLess(one: readonly number[], other: readonly number[]): boolean {
  const n = one.findIndex((value, k) => value !== other[k])
  return n >= 0 && one[n] < other[n]
}
