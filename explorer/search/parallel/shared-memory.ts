/** Most workers. */
export const MOST_WORKERS = 8

/** Places in `control`. */
const ARRIVED = 0
const GENERATION = 1
const ABORTED = 2
const STOP_ASKED = 3
const REQUESTS = 4
const AGREED = 5
/** Number of filled slots of the table. */
const TAKEN = 6
const FIRST_RANGE = 7

/** What a worker can request from all workers at the next barrier. */
export const REQUEST = {
  /** A larger table. */
  growth: 1,
  /** The end of the search, because of a limit. */
  stop: 2,
} as const

/** How often to poll a word that another thread will change before waiting for it. */
const SPIN = 4000

/** Another worker failed, or the search was abandoned. */
export class Abandoned extends Error {
  override readonly name = 'Abandoned'
}

/** Number of progress values of a worker: transitions, states, bytes, states not yet expanded, depth. */
export const GAUGES = 5

/** The shared memory of the workers of one search; plain data, so that it can be sent to them. */
export interface SharedMemory {
  readonly workers: number
  readonly control: Int32Array
  /** GAUGES values of each worker. */
  readonly gauges: Float64Array
  /** The initial table of visited states; see SharedTable. */
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

/** The part of `control` for the ranges of states of a level; see Frontier. */
export function levelRangesIn({ control }: SharedMemory): Int32Array {
  return control.subarray(FIRST_RANGE)
}

/** The part of `control` that counts filled slots. */
export function takenCounterIn({ control }: SharedMemory): Int32Array {
  return control.subarray(TAKEN, TAKEN + 1)
}

/** Makes all workers stop waiting, and end. */
export function abandon({ control }: SharedMemory): void {
  Atomics.store(control, ABORTED, 1)
  Atomics.notify(control, GENERATION)
}

/** Requests the end of the search, as incomplete. */
export function requestStop({ control }: SharedMemory): void {
  Atomics.store(control, STOP_ASKED, 1)
}

/** Clears the request, for another search in the same memory. */
export function clearStopRequest({ control }: SharedMemory): void {
  Atomics.store(control, STOP_ASKED, 0)
}

/** Whether the caller of the search has requested its end. */
export function isStopRequested({ control }: SharedMemory): boolean {
  return Atomics.load(control, STOP_ASKED) !== 0
}

/** @throws Abandoned when a worker is lost. */
export function throwIfAbandoned({ control }: SharedMemory): void {
  if (Atomics.load(control, ABORTED) !== 0) throw new Abandoned('another worker is lost')
}

/** Makes a request, which all workers get at the next barrier. */
export function request({ control }: SharedMemory, what: number): void {
  Atomics.or(control, REQUESTS, what)
}

/** The requests made so far. Another worker may see them earlier or later. */
export function requests({ control }: SharedMemory): number {
  return Atomics.load(control, REQUESTS)
}

/** Clears a request that is fulfilled. Called by one worker while the others wait. */
export function clearRequest({ control }: SharedMemory, what: number): void {
  Atomics.and(control, REQUESTS, ~what)
}

/**
 * A barrier: waits until all workers have called it. What they wrote before is then visible.
 * @returns the requests at the moment when the last worker arrived: the same for all workers, whatever faster ones
 * request while slower ones wake up.
 * @throws Abandoned when a worker will not arrive.
 */
export function barrier(memory: SharedMemory): number {
  const { control, workers } = memory
  const generation = Atomics.load(control, GENERATION)
  if (Atomics.add(control, ARRIVED, 1) === workers - 1) {
    Atomics.store(control, ARRIVED, 0)
    Atomics.store(control, AGREED, Atomics.load(control, REQUESTS))
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
