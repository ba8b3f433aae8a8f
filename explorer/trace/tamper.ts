import { Draws } from '../search/random/draws.ts'

/** Events of a log, as tampering sees them. What they mean is up to the owner of the type. */
export interface Tamperable<E> {
  /** The real thread of an event. */
  readonly threadOf: (event: E) => string
  /** The class of an event, such as `request`; null for events that are left alone. */
  readonly classOf: (event: E) => string | null
  /** The values of an event that can be altered, by name. */
  readonly valuesOf: (event: E) => readonly string[]
  /**
   * The event with another value, which must differ. @param draw returns a number below its argument.
   * Null where there is no other value.
   */
  readonly altered: (event: E, value: string, draw: (below: number) => number) => E | null
  /** The event at the place of another one: with its time. */
  readonly inPlaceOf: (event: E, other: E) => E
  /** Whether two events of different threads may as well have happened in the other order. */
  readonly areIndependent?: (one: E, other: E) => boolean
  /** Why a change may not be noticed, as far as its class tells. */
  readonly unseenBecause?: (change: TamperClass) => string | null
}

/**
 * - `drop`: the event is left out.
 * - `swap`: the next event of another thread comes before the event, and before those of the same thread in between.
 * - `alter`: one value is another one.
 * - `exchange`: as `swap`, of an event that is independent of those that it then comes before. The log must still be
 *   followed.
 */
export type Tampering = 'drop' | 'swap' | 'alter' | 'exchange'

/** What can be done to which events, as `classesOf` finds it in a log. */
export interface TamperClass {
  readonly tampering: Tampering
  /** Class of the events. */
  readonly of: string
  /** For `alter`: the value. */
  readonly value?: string
  /** How many events of the log it can be done to. */
  readonly events: number
}

/** One change of one event. */
export interface Tampered extends TamperClass {
  /** Which of the events of the class, from 0. */
  readonly nth: number
  /** Of the values that are drawn. */
  readonly seed: number
}

/** Counts, in one pass over a log, what can be done to it. Classes are in the order in which they first occur. */
export function classesOf<E>(events: Iterable<E>, how: Tamperable<E>): TamperClass[] {
  const classes = new Map<string, { tampering: Tampering; of: string; value?: string; events: number }>()
  for (const { event, others } of withOthers(events, how))
    for (const { tampering, of, value } of possible(event, others, how)) {
      const key = keyOf({ tampering, of, value })
      const known = classes.get(key)
      if (known !== undefined) known.events++
      else classes.set(key, { tampering, of, ...(value === undefined ? {} : { value }), events: 1 })
    }
  return [...classes.values()]
}

/**
 * Draws copies of a log to be made: up to `perClass` of each class, of different events. Equal seeds give equal copies.
 */
export function drawTamperings(
  classes: readonly TamperClass[],
  { perClass, seed }: { readonly perClass: number; readonly seed: number },
): Tampered[] {
  const draws = new Draws(seed, 0)
  return classes.flatMap((each) => {
    const chosen = new Set<number>()
    while (chosen.size < Math.min(perClass, each.events)) chosen.add(draws.below(each.events))
    return [...chosen].sort((a, b) => a - b).map((nth) => ({ ...each, nth, seed: draws.below(2 ** 31) }))
  })
}

/**
 * The log with one change. Reads the events once, and keeps those in between while it moves one.
 * @throws Error when the log has no such event, and when a value is altered to none.
 */
export function* tampered<E>(events: Iterable<E>, change: Tampered, how: Tamperable<E>): Generator<E> {
  const key = keyOf(change)
  let seen = 0
  let isDone = false
  let passed = 0
  for (const { event, others } of withOthers(events, how)) {
    // Events that have been put out already, at other places.
    if (passed > 0) {
      passed--
      continue
    }
    const applies = !isDone && possible(event, others, how).some((each) => keyOf(each) === key)
    if (!applies || seen++ !== change.nth) {
      yield event
      continue
    }
    isDone = true
    if (change.tampering === 'alter') yield alteredEvent(event, change, how)
    if (change.tampering === 'swap' || change.tampering === 'exchange') {
      const moved = others[others.length - 1]
      const order = [moved, event, ...others.slice(0, -1)]
      const places = [event, ...others]
      for (const [n, each] of order.entries()) yield how.inPlaceOf(each, places[n])
      passed = others.length
    }
  }
  if (!isDone)
    throw new Error(`the log has no event ${change.nth} to ${change.tampering} in class ${change.of}`)
}

function alteredEvent<E>(event: E, { value, seed, of }: Tampered, how: Tamperable<E>): E {
  const draws = new Draws(seed, 0)
  const altered = how.altered(event, value as string, (below) => draws.below(below))
  if (altered === null) throw new Error(`${value} of class ${of} has no other value`)
  return altered
}

/** What can be done to an event. @param others the next ones, up to the first of another thread. */
function possible<E>(
  event: E,
  others: readonly E[],
  how: Tamperable<E>,
): { readonly tampering: Tampering; readonly of: string; readonly value?: string }[] {
  const of = how.classOf(event)
  if (of === null) return []
  const found: { tampering: Tampering; of: string; value?: string }[] = [{ tampering: 'drop', of }]
  if (others.length > 0) {
    const moved = others[others.length - 1]
    const isFree = [event, ...others.slice(0, -1)].every(
      (other) => how.areIndependent?.(other, moved) === true,
    )
    found.push({ tampering: isFree ? 'exchange' : 'swap', of })
  }
  for (const value of how.valuesOf(event)) found.push({ tampering: 'alter', of, value })
  return found
}

const keyOf = ({
  tampering,
  of,
  value,
}: Pick<TamperClass, 'tampering' | 'of'> & { value?: string | undefined }): string =>
  `${tampering} ${of} ${value ?? ''}`

/** Most events of one thread that are looked through for one of another thread. */
const MOST_BETWEEN = 64

/** Each event with the next ones up to the first of another thread; none if that is too far. */
function* withOthers<E>(
  events: Iterable<E>,
  { threadOf }: Tamperable<E>,
): Generator<{ readonly event: E; readonly others: readonly E[] }> {
  const ahead: E[] = []
  const iterator = events[Symbol.iterator]()
  const read = (): boolean => {
    const { done, value } = iterator.next()
    if (done !== true) ahead.push(value)
    return done !== true
  }
  while (ahead.length > 0 || read()) {
    const event = ahead[0]
    const thread = threadOf(event)
    let n = 1
    while (n <= MOST_BETWEEN && (n < ahead.length || read()) && threadOf(ahead[n]) === thread) n++
    const isFound = n < ahead.length && threadOf(ahead[n]) !== thread
    ahead.shift()
    yield { event, others: isFound ? ahead.slice(0, n) : [] }
  }
}
