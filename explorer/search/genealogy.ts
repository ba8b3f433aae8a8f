/**
 * Who was found from whom, at three bytes per state. States are numbered in the order of discovery and
 * expanded in the same order, so the new states found from one state are numbered consecutively: a count
 * of new states per expanded state says who the parent is.
 */
export class Genealogy {
  #children = new Uint16Array(1 << 12)
  #via = new Uint16Array(1 << 12)
  /** Number of initial states; they have no parent. */
  readonly roots: number

  constructor(roots: number) {
    this.roots = roots
  }

  get bytes(): number {
    return this.#children.byteLength + this.#via.byteLength
  }

  /** State `id` is new, reached from `parent` by step number `step`. */
  add(id: number, parent: number, step: number): void {
    if (id >= this.#via.length) this.#grow(id)
    this.#via[id] = step
    this.#children[parent]++
  }

  /** The states from an initial one to `id`, and the step numbers between them. */
  pathTo(id: number, found: number): { readonly root: number; readonly steps: number[] } {
    const steps: number[] = []
    let state = id
    let below = found
    for (
      let parent = Math.min(found, this.#children.length) - 1;
      state >= this.roots && parent >= 0;
      parent--
    ) {
      below -= this.#children[parent]
      if (state < below) continue
      steps.push(this.#via[state])
      state = parent
    }
    if (state >= this.roots) throw new Error(`genealogy of state ${id} is broken`)
    return { root: state, steps: steps.reverse() }
  }

  #grow(id: number): void {
    const size = Math.max(id + 1, this.#via.length * 2)
    const via = new Uint16Array(size)
    via.set(this.#via)
    this.#via = via
    const children = new Uint16Array(size)
    children.set(this.#children)
    this.#children = children
  }
}
