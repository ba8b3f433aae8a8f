import { SIZES } from '../state/sizes.ts'

/** States per chunk, as a power of two. */
const CHUNK_BITS = SIZES.chunkBits
const CHUNK = 1 << CHUNK_BITS
const CHUNK_MASK = CHUNK - 1

/** From this number on, children are counted in a map, because the count does not fit in a byte. */
const MANY = SIZES.children

/**
 * The parent of each state and the step from it, in three bytes per state. States are numbered in the order of
 * discovery and expanded in the same order, so the children of a state have consecutive numbers: the number of
 * children of each expanded state determines all parents.
 */
export class ParentTable {
  readonly #children: Uint8Array[] = []
  readonly #via: Uint16Array[] = []
  /** Children of the states with MANY or more. */
  readonly #many = new Map<number, number>()
  /** Number of initial states; they have no parent. */
  readonly roots: number
  #count: number

  constructor(roots: number) {
    this.roots = roots
    this.#count = roots
  }

  /** Number of states. */
  get count(): number {
    return this.#count
  }

  /** Bytes held. */
  get bytes(): number {
    return 3 * CHUNK * this.#via.length
  }

  /** State `id` is new, reached from `parent` by step number `step`. */
  add(id: number, parent: number, step: number): void {
    while (id >>> CHUNK_BITS >= this.#via.length) {
      this.#via.push(new Uint16Array(CHUNK))
      this.#children.push(new Uint8Array(CHUNK))
    }
    this.#via[id >>> CHUNK_BITS][id & CHUNK_MASK] = step
    this.#count = id + 1
    const counts = this.#children[parent >>> CHUNK_BITS]
    if (counts[parent & CHUNK_MASK] < MANY) counts[parent & CHUNK_MASK]++
    if (counts[parent & CHUNK_MASK] === MANY) this.#many.set(parent, (this.#many.get(parent) ?? MANY - 1) + 1)
  }

  /**
   * The path from an initial state to `id`: the initial state, the step numbers, and the state after each step.
   * @param found number of states.
   */
  pathTo(
    id: number,
    found: number,
  ): { readonly root: number; readonly steps: number[]; readonly states: number[] } {
    const steps: number[] = []
    const states: number[] = []
    let state = id
    let below = found
    for (let parent = found - 1; state >= this.roots && parent >= 0; parent--) {
      below -= this.#childrenOf(parent)
      if (state < below) continue
      steps.push(this.#via[state >>> CHUNK_BITS][state & CHUNK_MASK])
      states.push(state)
      state = parent
    }
    if (state >= this.roots) throw new Error(`no path leads from an initial state to state ${id}`)
    return { root: state, steps: steps.reverse(), states: states.reverse() }
  }

  /** The arrays to save in a checkpoint; see `restore`. */
  *arrays(): Generator<NodeJS.ArrayBufferView> {
    for (const chunks of [this.#via, this.#children])
      for (const [c, chunk] of chunks.entries()) yield chunk.subarray(0, this.#count - c * CHUNK)
  }

  /** The states with MANY children or more, and their counts. */
  get large(): [number, number][] {
    return [...this.#many]
  }

  /** Allocates room for `count` states; the caller then reads `arrays` back. */
  restore(count: number, large: readonly (readonly [number, number])[]): void {
    this.#count = count
    // As in `add`: nothing is allocated while there are only initial states.
    for (let n = 0; count > this.roots && n < count; n += CHUNK) {
      this.#via.push(new Uint16Array(CHUNK))
      this.#children.push(new Uint8Array(CHUNK))
    }
    for (const [state, children] of large) this.#many.set(state, children)
  }

  /**
   * The position of a search that has expanded the states below `head`: the depth of the last of them, and the first
   * state that is deeper. Null if no search leaves such a table: each state must be found, by one of `steps` steps,
   * before it is expanded, and states from `head` on must have no children.
   */
  levelAt(head: number, steps: number): { readonly depth: number; readonly levelEnd: number } | null {
    let found = this.roots
    let depth = 0
    let levelEnd = found
    let many = 0
    for (let parent = 0; parent < this.#count; parent++) {
      if (parent >= found) return null
      if (parent === levelEnd && parent < head) {
        depth++
        levelEnd = found
      }
      const children = this.#childrenOf(parent)
      if (!(children >= 0) || (children > 0 && parent >= head)) return null
      if (children >= MANY) many++
      found += children
    }
    if (found !== this.#count || many !== this.#many.size) return null
    for (let id = this.roots; id < this.#count; id++)
      if (this.#via[id >>> CHUNK_BITS][id & CHUNK_MASK] >= steps) return null
    return { depth, levelEnd }
  }

  #childrenOf(state: number): number {
    const count = this.#children[state >>> CHUNK_BITS]?.[state & CHUNK_MASK] ?? 0
    return count === MANY ? (this.#many.get(state) ?? Number.NaN) : count
  }
}
