import { Components, marked } from '../liveness/components.ts'
import type { LabelledGraph } from '../liveness/labelled-graph.ts'

/**
 * What the cheapest and the dearest way to a goal cost. A way ends in the first state that is a goal, so that what comes
 * after it does not count.
 */

/** The least and the greatest cost of a way to the goal. */
export interface Extent {
  readonly least: number
  /** Null if an edge that costs can be repeated on the way, so that there is no greatest. */
  readonly most: number | null
  /** Such an edge, by number; null if there is none. */
  readonly repeated: number | null
}

/** Ways from the initial states of a complete graph to a goal. */
export class WaysTo {
  readonly #graph: LabelledGraph
  readonly #isGoal: Uint8Array
  /** 1 for states from which the goal can be reached, and that can be reached without passing it. */
  readonly #isOn: Uint8Array
  /** Component of each state on the way. Edges between components lead to smaller numbers. */
  readonly #component: Int32Array
  /** The states on the way, with those first that edges lead to. */
  readonly #order: Int32Array

  /** @param isGoal by state, 1 for a goal. @throws Error for a graph that is not complete. */
  constructor(graph: LabelledGraph, isGoal: Uint8Array) {
    if (graph.expanded < graph.states) throw new Error('the graph is not complete')
    this.#graph = graph
    this.#isGoal = isGoal
    this.#isOn = onTheWay(graph, isGoal)
    this.#component = new Int32Array(graph.states).fill(-1)
    const members = marked(this.#isOn, graph.states)
    this.#order = new Int32Array(members.length)
    // Goals are left by no way: each is a component.
    const region = Int32Array.from(this.#isOn, (on, s) => (on === 1 && isGoal[s] === 0 ? 1 : 0))
    let count = 0
    let placed = 0
    const place = (s: number): void => {
      this.#component[s] = count
      this.#order[placed++] = s
    }
    for (const s of members) {
      if (isGoal[s] === 0) continue
      place(s)
      count++
    }
    new Components(graph).each(
      members.filter((s) => isGoal[s] === 0),
      region,
      1,
      null,
      (open, from, to) => {
        for (let n = from; n < to; n++) place(open[n])
        count++
      },
    )
  }

  /** Whether the goal can be reached at all. */
  get exists(): boolean {
    return this.#order.length > 0
  }

  /** @param costs by edge, 0 or more. @returns null if the goal cannot be reached. */
  extent(costs: ArrayLike<number>): Extent | null {
    if (!this.exists) return null
    const repeated = this.#repeated(costs)
    return { least: this.#least(costs), most: repeated === null ? this.#most(costs) : null, repeated }
  }

  /** Visits the edges between states on the way, those of goals left out. */
  #eachEdge(s: number, visit: (target: number, edge: number) => void): void {
    if (this.#isGoal[s] === 1) return
    const { first, targets } = this.#graph
    for (let e = first[s]; e < first[s + 1]; e++) {
      const target = targets[e]
      if (target >= 0 && this.#isOn[target] === 1) visit(target, e)
    }
  }

  /** An edge that costs something and that a cycle contains: of the step with the smallest number. */
  #repeated(costs: ArrayLike<number>): number | null {
    const { labels } = this.#graph
    let least: number | null = null
    for (const s of this.#order)
      this.#eachEdge(s, (target, edge) => {
        if (this.#component[target] !== this.#component[s] || costs[edge] === 0) return
        if (least === null || labels[edge] < labels[least]) least = edge
      })
    return least
  }

  #most(costs: ArrayLike<number>): number {
    // No edge within a component costs anything, so all its states have the same greatest cost.
    const most = new Float64Array(this.#graph.states)
    const { length } = this.#order
    for (let from = 0; from < length; ) {
      const component = this.#component[this.#order[from]]
      let to = from
      let best = 0
      for (; to < length && this.#component[this.#order[to]] === component; to++)
        this.#eachEdge(this.#order[to], (target, edge) => {
          if (this.#component[target] !== component) best = Math.max(best, most[target] + costs[edge])
        })
      for (; from < to; from++) most[this.#order[from]] = best
    }
    return Math.max(...this.#starts().map((s) => most[s]))
  }

  /** By Dijkstra's algorithm, with a list of states for each cost. */
  #least(costs: ArrayLike<number>): number {
    const isDone = new Uint8Array(this.#graph.states)
    const waiting: number[][] = [this.#starts()]
    for (let cost = 0; cost < waiting.length; cost++) {
      const now = waiting[cost] ?? []
      for (const s of now) {
        if (isDone[s] === 1) continue
        isDone[s] = 1
        if (this.#isGoal[s] === 1) return cost
        this.#eachEdge(s, (target, edge) => {
          if (isDone[target] === 1) return
          const sum = cost + costs[edge]
          for (let n = waiting.length; n <= sum; n++) waiting.push([])
          waiting[sum].push(target)
        })
      }
      waiting[cost] = []
    }
    throw new Error('the goal is not on any way to it')
  }

  #starts(): number[] {
    return this.#graph.initial.map(({ state }) => state).filter((s) => this.#isOn[s] === 1)
  }
}

/** Marks the states that lie on a way from an initial state to a first goal. */
function onTheWay(graph: LabelledGraph, isGoal: Uint8Array): Uint8Array {
  const { first, targets, states } = graph
  const reached = new Uint8Array(states)
  const queue = new Int32Array(states)
  let tail = 0
  const reach = (s: number): void => {
    if (reached[s] === 1) return
    reached[s] = 1
    queue[tail++] = s
  }
  for (const { state } of graph.initial) reach(state)
  for (let head = 0; head < tail; head++) {
    const s = queue[head]
    if (isGoal[s] === 1) continue
    for (let e = first[s]; e < first[s + 1]; e++) if (targets[e] >= 0) reach(targets[e])
  }

  // The same backwards, along the edges that were followed.
  const into = new Float64Array(states + 1)
  const eachFollowed = (visit: (source: number, target: number) => void): void => {
    for (let s = 0; s < states; s++) {
      if (reached[s] === 0 || isGoal[s] === 1) continue
      for (let e = first[s]; e < first[s + 1]; e++) if (targets[e] >= 0) visit(s, targets[e])
    }
  }
  let edges = 0
  eachFollowed((_, target) => {
    into[target + 1]++
    edges++
  })
  for (let s = 0; s < states; s++) into[s + 1] += into[s]
  const sources = new Int32Array(edges)
  const cursor = into.slice()
  eachFollowed((source, target) => {
    sources[cursor[target]++] = source
  })
  const isOn = new Uint8Array(states)
  tail = 0
  const add = (s: number): void => {
    if (isOn[s] === 1) return
    isOn[s] = 1
    queue[tail++] = s
  }
  for (let s = 0; s < states; s++) if (reached[s] === 1 && isGoal[s] === 1) add(s)
  for (let head = 0; head < tail; head++) {
    const s = queue[head]
    for (let e = into[s]; e < into[s + 1]; e++) add(sources[e])
  }
  return isOn
}

/**
 * Marks the states in which everything is done: whatever happens next can be undone by what follows, so that the
 * behaviour can only repeat itself. What ends in an oops or a deadlock is not done.
 * @param isValidEnd whether a state in which nothing can happen is a valid end.
 */
export function settledStates(graph: LabelledGraph, isValidEnd: (state: number) => boolean): Uint8Array {
  const { first, targets, states } = graph
  const all = Int32Array.from({ length: states }, (_, s) => s)
  const component = new Int32Array(states)
  const lists: Int32Array[] = []
  new Components(graph).each(all, new Int32Array(states), 0, null, (open, from, to) => {
    for (let n = from; n < to; n++) component[open[n]] = lists.length
    lists.push(open.slice(from, to))
  })
  const settled = new Uint8Array(states)
  for (const [n, members] of lists.entries()) {
    let isLast = true
    let canMove = false
    for (const s of members)
      for (let e = first[s]; e < first[s + 1]; e++) {
        canMove = true
        if (targets[e] < 0 || component[targets[e]] !== n) isLast = false
      }
    if (isLast && (canMove || isValidEnd(members[0]))) for (const s of members) settled[s] = 1
  }
  return settled
}
