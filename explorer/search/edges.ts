/** The explored graph: for each state, in order of numbers, where its steps lead. */
export class Edges {
  #targets = new Int32Array(1 << 12)
  /** `#first[s]..#first[s + 1]` are the edges of state s. */
  #first = new Float64Array(1 << 12)
  #count = 0
  #states = 0

  get bytes(): number {
    return this.#targets.byteLength + this.#first.byteLength
  }

  /** Adds edges of `source`; sources come in ascending order. */
  add(source: number, target: number): void {
    while (this.#states <= source) this.#startState()
    if (this.#count === this.#targets.length) {
      const larger = new Int32Array(this.#count * 2)
      larger.set(this.#targets)
      this.#targets = larger
    }
    this.#targets[this.#count++] = target
  }

  /**
   * Marks every state from which a marked one can be reached.
   * @param marked one byte per state, non-zero at the goals; changed in place.
   */
  markBackwards(marked: Uint8Array): void {
    const states = marked.length
    while (this.#states < states) this.#startState()
    const edgeEnd = (s: number): number => (s + 1 < this.#states ? this.#first[s + 1] : this.#count)
    const into = new Float64Array(states + 1)
    for (let e = 0; e < this.#count; e++) into[this.#targets[e] + 1]++
    for (let s = 0; s < states; s++) into[s + 1] += into[s]
    const sources = new Int32Array(this.#count)
    const cursor = into.slice()
    for (let s = 0; s < states; s++) {
      for (let e = this.#first[s]; e < edgeEnd(s); e++) sources[cursor[this.#targets[e]]++] = s
    }
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

  #startState(): void {
    if (this.#states + 1 >= this.#first.length) {
      const larger = new Float64Array(this.#first.length * 2)
      larger.set(this.#first)
      this.#first = larger
    }
    this.#first[this.#states++] = this.#count
  }
}
