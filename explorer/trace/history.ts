import { enlarged } from '../state/array-bounds.ts'

/** A step that was taken on the way to a candidate. */
export interface TakenStep {
  readonly alternative: number
  /** Number of the observation that came next, from 0. */
  readonly before: number
  /** Index of the real thread whose window owed the step, or -1 for a hidden one. */
  readonly by: number
}

const ROOT = -1

/**
 * One path of steps to each candidate, as a tree of nodes. Old nodes are replaced by how often each alternative was
 * taken, so the memory does not depend on the length of a log.
 */
export class History {
  #parent: Int32Array
  #alternative: Int32Array
  #before: Int32Array
  #by: Int32Array
  #used = 0
  /** Of nodes without a parent: how often each alternative was taken up to them; those without an entry begin the log. */
  #counts = new Map<number, Float64Array>()
  readonly #alternatives: number
  readonly #most: number
  /** The most nodes, or twice those that were needed last. */
  #limit: number

  /** @param most nodes from which on `isFull`; Infinity keeps all. */
  constructor(alternatives: number, most: number) {
    this.#alternatives = alternatives
    this.#most = most
    this.#limit = most
    const length = 1 << 12
    this.#parent = new Int32Array(length)
    this.#alternative = new Int32Array(length)
    this.#before = new Int32Array(length)
    this.#by = new Int32Array(length)
  }

  /** Nodes that are kept. */
  get size(): number {
    return this.#used
  }

  get isFull(): boolean {
    return this.#used > this.#limit
  }

  /** The node of an initial state. */
  begin(): number {
    return this.add(ROOT, ROOT, 0, -1)
  }

  /** The node that a step leads to. */
  add(parent: number, alternative: number, before: number, by: number): number {
    const node = this.#used++
    if (node === this.#parent.length) {
      const length = 2 * node
      this.#parent = enlarged(this.#parent, new Int32Array(length))
      this.#alternative = enlarged(this.#alternative, new Int32Array(length))
      this.#before = enlarged(this.#before, new Int32Array(length))
      this.#by = enlarged(this.#by, new Int32Array(length))
    }
    this.#parent[node] = parent
    this.#alternative[node] = alternative
    this.#before[node] = before
    this.#by[node] = by
    return node
  }

  /** The steps on the path to a node that are still known, oldest first. */
  path(node: number): TakenStep[] {
    const path: TakenStep[] = []
    for (let n = node; n !== ROOT; n = this.#parent[n])
      if (this.#alternative[n] !== ROOT)
        path.push({ alternative: this.#alternative[n], before: this.#before[n], by: this.#by[n] })
    return path.reverse()
  }

  /** The node with which the path to a node begins; nodes made by `begin` are numbered from 0. */
  root(node: number): number {
    let root = node
    while (this.#parent[root] !== ROOT) root = this.#parent[root]
    return root
  }

  /** How often each alternative was taken on the path to a node. */
  counts(node: number): Float64Array {
    const counts = new Float64Array(this.#alternatives)
    let n = node
    for (; ; n = this.#parent[n]) {
      const known = this.#counts.get(n)
      if (known !== undefined) for (let a = 0; a < counts.length; a++) counts[a] += known[a]
      if (known !== undefined || n === ROOT) return counts
      if (this.#alternative[n] !== ROOT) counts[this.#alternative[n]]++
    }
  }

  /**
   * Forgets the nodes that lead to none of these, and replaces by counts the steps before observation `horizon`.
   * Changes `nodes` to the new numbers.
   */
  compact(nodes: Int32Array, count: number, horizon: number): void {
    const old = { parent: this.#parent, alternative: this.#alternative, before: this.#before, by: this.#by }
    const kept = new Map<number, number>()
    const counts = new Map<number, Float64Array>()
    const oldest = new Map<number, Float64Array>()
    const chain: number[] = []
    for (let k = 0; k < count; k++) {
      let n = nodes[k]
      while (n !== ROOT && old.before[n] >= horizon && !this.#counts.has(n)) {
        chain.push(n)
        n = old.parent[n]
      }
      if (n !== ROOT && !oldest.has(n)) oldest.set(n, this.counts(n))
      for (const each of [n, ...chain.reverse()]) if (each !== ROOT) kept.set(each, 0)
      chain.length = 0
    }
    const order = [...kept.keys()].sort((a, b) => a - b)
    order.forEach((n, place) => {
      kept.set(n, place)
      const total = oldest.get(n)
      if (total !== undefined) counts.set(place, total)
      // A parent has a smaller number, so it is in its place already, and no node is overwritten before it is read.
      const parent = total === undefined ? old.parent[n] : ROOT
      this.#parent[place] = parent === ROOT ? ROOT : (kept.get(parent) as number)
      this.#alternative[place] = old.alternative[n]
      this.#before[place] = old.before[n]
      this.#by[place] = old.by[n]
    })
    this.#used = order.length
    this.#limit = Math.max(this.#most, 2 * this.#used)
    this.#counts = counts
    for (let k = 0; k < count; k++) nodes[k] = kept.get(nodes[k]) as number
  }
}
