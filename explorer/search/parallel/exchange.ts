/** Places in `control`. */
const ARRIVED = 0
const GENERATION = 1
const ABORTED = 2
const STOP_ASKED = 3
const FIRST_STOP = 4
const FIRST_COUNT = 6

/** Looks at a barrier before the thread goes to sleep at it. */
const SPIN = 4000

/** A worker did not arrive: another one failed, or the search was given up. */
export class Abandoned extends Error {
  override readonly name = 'Abandoned'
}

/** One successor on its way to the worker that owns it; the packed words follow. */
export const ROW = {
  hashLow: 0,
  hashHigh: 1,
  /** Rank of the state it was reached from, within its level. */
  rank: 2,
  /** Number of that state with its owner. */
  source: 3,
  step: 4,
  /** Behaviour that leads to it, as its sender numbers them. */
  leaf: 5,
  /** Bit per thread whose successors were all sent already; see Inheritance. */
  asleep: 6,
  words: 7,
} as const

/** Numbers by which a worker shows how far it is: transitions, states, bytes, states not yet expanded, depth. */
export const GAUGES = 5

/** What the workers of one search share; plain data, so that it can be sent to them. */
export interface SharedMemory {
  readonly workers: number
  /** Rows that one worker may send to one other in one round. */
  readonly capacity: number
  /** Numbers per row. */
  readonly stride: number
  readonly control: Int32Array
  readonly rows: Int32Array
  readonly keys: Int32Array
  /** GAUGES numbers of each worker, for progress. */
  readonly gauges: Float64Array
}

/** @param words length of a packed state; @param capacity rows from one worker to one other in a round. */
export function sharedMemory(workers: number, words: number, capacity: number): SharedMemory {
  const stride = ROW.words + words
  const numbers = (count: number): Int32Array => new Int32Array(new SharedArrayBuffer(count * 4))
  return {
    workers,
    capacity,
    stride,
    control: numbers(FIRST_COUNT + 2 * workers * (workers + 1)),
    rows: numbers(2 * workers * workers * capacity * stride),
    keys: numbers(2 * workers * capacity * 2),
    gauges: new Float64Array(new SharedArrayBuffer(GAUGES * workers * 8)),
  }
}

/**
 * Mailboxes and a barrier in shared memory. A round writes one set of mailboxes while the other set, written
 * in the round before, is read, so that one barrier per round is enough.
 */
export class Exchange {
  readonly memory: SharedMemory
  /** Own number. */
  readonly me: number
  /** Which set of mailboxes the current round writes. */
  parity = 0

  constructor(memory: SharedMemory, me: number) {
    this.memory = memory
    this.me = me
  }

  /** Where in `rows` the mailbox from one worker to another begins. */
  mailbox(parity: number, from: number, to: number): number {
    const { workers, capacity, stride } = this.memory
    return ((parity * workers + from) * workers + to) * capacity * stride
  }

  /** Where in `keys` a worker lists the new states of a round: `[rank, step]` each. */
  keyList(parity: number, of: number): number {
    return (parity * this.memory.workers + of) * this.memory.capacity * 2
  }

  rowCount(parity: number, from: number, to: number): number {
    return this.memory.control[this.#countAt(parity, from) + to]
  }

  setRowCount(to: number, count: number): void {
    this.memory.control[this.#countAt(this.parity, this.me) + to] = count
  }

  keyCount(parity: number, of: number): number {
    return this.memory.control[this.#countAt(parity, of) + this.memory.workers]
  }

  setKeyCount(parity: number, count: number): void {
    this.memory.control[this.#countAt(parity, this.me) + this.memory.workers] = count
  }

  /** Said before a barrier by worker 0, to be heard by all after it. */
  announceStop(stop: boolean): void {
    this.memory.control[FIRST_STOP + this.parity] = stop ? 1 : 0
  }

  /** What worker 0 announced before the last barrier. */
  get stopAnnounced(): boolean {
    return this.memory.control[FIRST_STOP + this.parity] !== 0
  }

  /** True once somebody outside asked the search to end. */
  get stopAsked(): boolean {
    return Atomics.load(this.memory.control, STOP_ASKED) !== 0
  }

  /**
   * Waits until all workers have come here; what they wrote before is then visible.
   * @throws Abandoned when one of them will not come.
   */
  barrier(): void {
    const { control, workers } = this.memory
    const generation = Atomics.load(control, GENERATION)
    if (Atomics.add(control, ARRIVED, 1) === workers - 1) {
      Atomics.store(control, ARRIVED, 0)
      Atomics.add(control, GENERATION, 1)
      Atomics.notify(control, GENERATION)
    } else {
      for (let n = 0; n < SPIN && Atomics.load(control, GENERATION) === generation; n++);
      while (Atomics.load(control, GENERATION) === generation) {
        if (Atomics.load(control, ABORTED) !== 0) throw new Abandoned('another worker is lost')
        Atomics.wait(control, GENERATION, generation, 500)
      }
    }
    if (Atomics.load(control, ABORTED) !== 0) throw new Abandoned('another worker is lost')
  }

  #countAt(parity: number, from: number): number {
    return FIRST_COUNT + (parity * this.memory.workers + from) * (this.memory.workers + 1)
  }
}

/** Makes all workers leave their barriers and end. */
export function abandon({ control }: SharedMemory): void {
  Atomics.store(control, ABORTED, 1)
  Atomics.notify(control, GENERATION)
}

/** Asks the search to end as incomplete. */
export function askToStop({ control }: SharedMemory): void {
  Atomics.store(control, STOP_ASKED, 1)
}
