/** Most workers. */
export const MOST_WORKERS = 8

/** Places in `control`. */
const ARRIVED = 0
const GENERATION = 1
const ABORTED = 2
const STOP_ASKED = 3
const WISHES = 4
const AGREED = 5
/** How many slots of the table are taken. */
const TAKEN = 6
const FIRST_RANGE = 7

/** What a worker can wish for before the workers meet. */
export const WISH = {
  /** A larger table. */
  growth: 1,
  /** The end of the search, because of a limit. */
  stop: 2,
} as const

/** Looks at a word that another thread will change before the thread goes to sleep. */
const SPIN = 4000

/** A worker did not arrive: another one failed, or the search was given up. */
export class Abandoned extends Error {
  override readonly name = 'Abandoned'
}

/** Numbers by which a worker shows how far it is: transitions, states, bytes, states not yet expanded, depth. */
export const GAUGES = 5

/** What the workers of one search share; plain data, so that it can be sent to them. */
export interface SharedMemory {
  readonly workers: number
  readonly control: Int32Array
  /** GAUGES numbers of each worker, for progress. */
  readonly gauges: Float64Array
  /** The table of visited states the search begins with; see SharedTable. */
  readonly slots: Int32Array
}

/** @param slots of the first table, a power of two; @param stride words per slot. */
export function sharedMemory(workers: number, slots: number, stride: number): SharedMemory {
  const numbers = (count: number): Int32Array => new Int32Array(new SharedArrayBuffer(count * 4))
  return {
    workers,
    control: numbers(FIRST_RANGE + 2 * 3 * workers),
    gauges: new Float64Array(new SharedArrayBuffer(GAUGES * workers * 8)),
    slots: numbers(slots * stride),
  }
}

/** The part of `control` in which the workers say which states of a level they hold; see Frontier. */
export function levelRangesIn({ control }: SharedMemory): Int32Array {
  return control.subarray(FIRST_RANGE)
}

/** The part of `control` that counts the slots that are taken. */
export function takenCounterIn({ control }: SharedMemory): Int32Array {
  return control.subarray(TAKEN, TAKEN + 1)
}

/** Makes all workers leave wherever they wait, and end. */
export function abandon({ control }: SharedMemory): void {
  Atomics.store(control, ABORTED, 1)
  Atomics.notify(control, GENERATION)
}

/** Asks the search to end as incomplete. */
export function requestStop({ control }: SharedMemory): void {
  Atomics.store(control, STOP_ASKED, 1)
}

/** Lets another search begin that was not asked to stop. */
export function clearStopRequest({ control }: SharedMemory): void {
  Atomics.store(control, STOP_ASKED, 0)
}

/** True once somebody outside asked the search to end. */
export function isStopRequested({ control }: SharedMemory): boolean {
  return Atomics.load(control, STOP_ASKED) !== 0
}

/** @throws Abandoned when a worker is lost. */
export function throwIfAbandoned({ control }: SharedMemory): void {
  if (Atomics.load(control, ABORTED) !== 0) throw new Abandoned('another worker is lost')
}

/** Wishes for something; all workers will hear of it when they meet. */
export function wish({ control }: SharedMemory, what: number): void {
  Atomics.or(control, WISHES, what)
}

/** What somebody wishes at the moment; another worker may see it earlier or later. */
export function wishes({ control }: SharedMemory): number {
  return Atomics.load(control, WISHES)
}

/** One worker takes back what was fulfilled; the others wait meanwhile. */
export function fulfil({ control }: SharedMemory, what: number): void {
  Atomics.and(control, WISHES, ~what)
}

/**
 * Waits until all workers have come here; what they wrote before is then visible.
 * @returns the wishes at the moment when the last one came: the same for all, whatever the faster ones wish
 * while the slower ones wake up.
 * @throws Abandoned when one of them will not come.
 */
export function meet(memory: SharedMemory): number {
  const { control, workers } = memory
  const generation = Atomics.load(control, GENERATION)
  if (Atomics.add(control, ARRIVED, 1) === workers - 1) {
    Atomics.store(control, ARRIVED, 0)
    Atomics.store(control, AGREED, Atomics.load(control, WISHES))
    Atomics.add(control, GENERATION, 1)
    Atomics.notify(control, GENERATION)
  } else {
    for (let n = 0; n < SPIN && Atomics.load(control, GENERATION) === generation; n++);
    while (Atomics.load(control, GENERATION) === generation) {
      throwIfAbandoned(memory)
      Atomics.wait(control, GENERATION, generation, 500)
    }
  }
  throwIfAbandoned(memory)
  return Atomics.load(control, AGREED)
}
