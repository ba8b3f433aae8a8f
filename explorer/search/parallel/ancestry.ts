/** Bits of a state's number with its owner; the worker's number lies above. */
const NUMBER_BITS = 28

/** Most states that one worker can hold. */
export const MOST_STATES = 1 << NUMBER_BITS
/** Most workers. */
export const MOST_WORKERS = 8

const CHUNK_BITS = 16
const CHUNK = 1 << CHUNK_BITS
const CHUNK_MASK = CHUNK - 1

/** Where a state came from: another state, or the initial state of this index. */
export type Origin =
  | { readonly worker: number; readonly state: number; readonly step: number }
  | { readonly initial: number }

/** Who was found from whom when parents live with other workers: six bytes per state. */
export class Ancestry {
  readonly #parents: Int32Array[] = []
  readonly #steps: Uint16Array[] = []
  #count = 0

  get bytes(): number {
    return 6 * CHUNK * this.#parents.length
  }

  /** The next state is the initial state `index`. */
  addRoot(index: number): void {
    this.#push(-1 - index, 0)
  }

  /** The next state was reached from state `state` of worker `worker`. */
  add(worker: number, state: number, step: number): void {
    this.#push((worker << NUMBER_BITS) | state, step)
  }

  of(id: number): Origin {
    const parent = this.#parents[id >>> CHUNK_BITS][id & CHUNK_MASK]
    if (parent < 0) return { initial: -1 - parent }
    const step = this.#steps[id >>> CHUNK_BITS][id & CHUNK_MASK]
    return { worker: parent >>> NUMBER_BITS, state: parent & (MOST_STATES - 1), step }
  }

  #push(parent: number, step: number): void {
    const id = this.#count++
    if (id >>> CHUNK_BITS === this.#parents.length) {
      this.#parents.push(new Int32Array(CHUNK))
      this.#steps.push(new Uint16Array(CHUNK))
    }
    this.#parents[id >>> CHUNK_BITS][id & CHUNK_MASK] = parent
    this.#steps[id >>> CHUNK_BITS][id & CHUNK_MASK] = step
  }
}
