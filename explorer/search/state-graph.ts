import { doubledBytes, doubledLength, enlarged } from '../state/array-bounds.ts'
import { SIZES } from '../state/sizes.ts'

/** Initial length of the arrays, which double. */
const SMALLEST = SIZES.array

/** The edges between the states of a search, without labels: for each state, the targets of its steps. */
export class StateGraph {
  #targets = new Int32Array(SMALLEST)
  /** The edges of state s are `#first[s]` to `#first[s + 1] - 1`. */
  #first = new Float64Array(SMALLEST)
  #count = 0
  #states = 0

  get bytes(): number {
    return this.#targets.byteLength + this.#first.byteLength
  }

  /** Bytes to allocate before `edges` edges of `states` states can be added; 0 if they fit already. */
  growthFor(states: number, edges: number): number {
    const [targets, first] = this.#grown(states, edges)
    return targets + first
  }

  /** Whether `states` and `edges` more fit in arrays of at most `mostBytes` bytes. */
  fits(states: number, edges: number, mostBytes: number): boolean {
    return Math.max(...this.#grown(states, edges)) <= mostBytes
  }

  /** The arrays to save in a checkpoint: targets, then the index of the first edge of each state. */
  get arrays(): readonly [Int32Array, Float64Array] {
    return [this.#targets.subarray(0, this.#count), this.#first.subarray(0, this.#states)]
  }

  /** Allocates room for `edges` edges of `states` states; the caller then reads `arrays` back. */
  restore(edges: number, states: number): void {
    this.#count = edges
    this.#states = states
    this.#targets = new Int32Array(doubledLength(SMALLEST, edges))
    this.#first = new Float64Array(doubledLength(SMALLEST, states + 1))
  }

  /** Whether a search that found `found` states and expanded those below `head` can have left this graph. */
  isOf(head: number, found: number): boolean {
    if (this.#states > head) return false
    let before = 0
    for (let s = 0; s < this.#states; s++) {
      const first = this.#first[s]
      if (!Number.isInteger(first) || first < before || first > this.#count || (s === 0 && first > 0))
        return false
      before = first
    }
    for (let e = 0; e < this.#count; e++)
      if (!(this.#targets[e] >= 0 && this.#targets[e] < found)) return false
    return true
  }

  /** The targets of the edges of a state. */
  targetsOf(state: number): Int32Array {
    if (state >= this.#states) return new Int32Array(0)
    const end = state + 1 < this.#states ? this.#first[state + 1] : this.#count
    return this.#targets.subarray(this.#first[state], end)
  }

  #grown(states: number, edges: number): [number, number] {
    const first = doubledBytes(this.#first, this.#states + states + 1)
    return [doubledBytes(this.#targets, this.#count + edges), first]
  }

  /** Adds an edge. Calls must have ascending sources. */
  add(source: number, target: number): void {
    while (this.#states <= source) this.#startState()
    if (this.#count === this.#targets.length) {
      this.#targets = enlarged(this.#targets, new Int32Array(this.#count * 2))
    }
    this.#targets[this.#count++] = target
  }

  /**
   * Marks every state from which a marked one can be reached.
   * @param marked one byte per state, non-zero at the goals; changed in place.
   */
  markBackwards(marked: Uint8Array): void {
    while (this.#states < marked.length) this.#startState()
    markBackwards(marked, this.#count, this.#eachEdge)
  }

  readonly #eachEdge = (visit: (source: number, target: number) => void): void => {
    for (let s = 0; s < this.#states; s++) {
      const end = s + 1 < this.#states ? this.#first[s + 1] : this.#count
      for (let e = this.#first[s]; e < end; e++) visit(s, this.#targets[e])
    }
  }

  #startState(): void {
    if (this.#states + 1 >= this.#first.length) {
      this.#first = enlarged(this.#first, new Float64Array(this.#first.length * 2))
    }
    this.#first[this.#states++] = this.#count
  }
}

/**
 * Marks every state from which a marked one can be reached.
 * @param marked one byte per state, non-zero at the goals; changed in place.
 * @param edges their number.
 * @param eachEdge visits them, in any order, the same each time.
 */
export function markBackwards(
  marked: Uint8Array,
  edges: number,
  eachEdge: (visit: (source: number, target: number) => void) => void,
): void {
  const states = marked.length
  // By target: where its sources begin.
  const into = new Float64Array(states + 1)
  eachEdge((_, target) => {
    into[target + 1]++
  })
  for (let s = 0; s < states; s++) into[s + 1] += into[s]
  const sources = new Int32Array(edges)
  const cursor = into.slice()
  eachEdge((source, target) => {
    sources[cursor[target]++] = source
  })
  const queue = new Int32Array(states)
  let tail = 0
  for (let s = 0; s < states; s++) if (marked[s] !== 0) queue[tail++] = s
  for (let head = 0; head < tail; head++) {
    const s = queue[head]
    for (let e = into[s]; e < into[s + 1]; e++) {
      const source = sources[e]
      if (marked[source] !== 0) continue
      marked[source] = 1
      queue[tail++] = source
    }
  }
}
