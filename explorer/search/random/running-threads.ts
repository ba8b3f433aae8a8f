import { doubledBytes, enlarged } from '../../state/array-bounds.ts'
import { SIZES } from '../../state/sizes.ts'

/** Most nodes: lists of this length are certain to fit in a JavaScript array. */
const MOST = 2 ** 26

/**
 * The nodes of a preemption-bounded search: pairs of a state and the thread that runs there, and how each was first
 * reached. Nodes are numbered in the order of discovery.
 */
export class RunningThreads {
  count = 0
  greatestDepth = 0
  readonly #threads: number
  #state = new Int32Array(SIZES.array)
  #thread = new Uint16Array(SIZES.array)
  #parent = new Int32Array(SIZES.array)
  /** Step from the parent's state, or -1 if only the running thread changed. */
  #step = new Int32Array(SIZES.array)
  #depth = new Int32Array(SIZES.array)
  /** By state and thread: 1 if the node exists. */
  #known = new Uint8Array(SIZES.array)
  /** First node of each state, plus one. */
  #first = new Int32Array(SIZES.array)

  constructor(threads: number) {
    this.#threads = threads
  }

  get bytes(): number {
    const { byteLength } = this.#state
    return 4 * byteLength + this.#thread.byteLength + this.#known.byteLength + this.#first.byteLength
  }

  /** Whether `more` nodes of states below `states` fit in arrays of at most `mostBytes` bytes. */
  fits(states: number, more: number, mostBytes: number): boolean {
    if (this.count + more > MOST) return false
    const pairs = doubledBytes(this.#known, states * this.#threads)
    const first = doubledBytes(this.#first, states)
    return Math.max(doubledBytes(this.#state, this.count + more), pairs, first) <= mostBytes
  }

  state(node: number): number {
    return this.#state[node]
  }

  thread(node: number): number {
    return this.#thread[node]
  }

  /** Steps from an initial state when the node was first reached. */
  depth(node: number): number {
    return this.#depth[node]
  }

  /** The node in which a state was first reached. */
  firstIn(state: number): number {
    return this.#first[state] - 1
  }

  /**
   * Adds a node unless it is known.
   * @param parent the node before, or -1 for an initial one.
   * @param step number of the step from there, or -1 if only the running thread changed.
   * @returns its number, or -1 if it is known.
   */
  add(state: number, thread: number, parent: number, step: number): number {
    const pair = state * this.#threads + thread
    if (pair >= this.#known.length)
      this.#known = enlarged(this.#known, new Uint8Array(Math.max(pair + 1, this.#known.length * 2)))
    if (this.#known[pair] !== 0) return -1
    this.#known[pair] = 1
    if (this.count === this.#state.length) this.#grow()
    if (state >= this.#first.length)
      this.#first = enlarged(this.#first, new Int32Array(Math.max(state + 1, this.#first.length * 2)))
    const node = this.count++
    if (this.#first[state] === 0) this.#first[state] = node + 1
    this.#state[node] = state
    this.#thread[node] = thread
    this.#parent[node] = parent
    this.#step[node] = step
    this.#depth[node] = parent < 0 ? 0 : this.#depth[parent] + (step < 0 ? 0 : 1)
    if (this.#depth[node] > this.greatestDepth) this.greatestDepth = this.#depth[node]
    return node
  }

  /** The path to a node: its first state, and the step numbers. */
  pathTo(node: number): { readonly root: number; readonly steps: number[] } {
    const steps: number[] = []
    let at = node
    for (; this.#parent[at] >= 0; at = this.#parent[at]) if (this.#step[at] >= 0) steps.push(this.#step[at])
    return { root: this.#state[at], steps: steps.reverse() }
  }

  #grow(): void {
    const size = this.count * 2
    this.#state = enlarged(this.#state, new Int32Array(size))
    this.#thread = enlarged(this.#thread, new Uint16Array(size))
    this.#parent = enlarged(this.#parent, new Int32Array(size))
    this.#step = enlarged(this.#step, new Int32Array(size))
    this.#depth = enlarged(this.#depth, new Int32Array(size))
  }
}
