import { Components, marked } from './components.ts'
import type { Constraint } from './fairness.ts'
import type { LabelledGraph } from './labelled-graph.ts'

/** Which infinite behaviours to look for. */
export interface FairQuery {
  /** By state: 1 if the behaviour may stay there from some time on. */
  readonly allowed: Uint8Array
  readonly constraints: readonly Constraint[]
  /** By state: 1 for the set that the behaviour must visit infinitely often; null for no such set. */
  readonly again: Uint8Array | null
}

/**
 * Finds the components in which a fair behaviour can stay forever: strongly connected sets of allowed states in which
 * every weak constraint is taken by an edge, or not owed in some state, and every strong constraint is taken by an
 * edge, or owed in no state. A constraint is owed in a state if a step that it covers is enabled there and the thread
 * is not at a valid end. A set that fails only strong constraints is searched again without the states in which these
 * are owed (the emptiness check of Streett automata; Emerson and Lei 1987). A single state qualifies if staying in it
 * without a step is fair.
 *
 * @returns for each state the number of its fair component, or -1.
 */
export function fairComponents(graph: LabelledGraph, query: FairQuery): Int32Array {
  return new FairComponents(graph, query).run()
}

class FairComponents {
  readonly #graph: LabelledGraph
  readonly #query: FairQuery
  readonly #region: Int32Array
  readonly #result: Int32Array
  /** By step, the constraints that cover it. */
  readonly #ofStep: readonly (readonly number[])[]
  /** For the current component: in how many states each constraint is owed, and whether it is taken. */
  readonly #owedIn: Float64Array
  readonly #taken: Uint8Array
  /** Last state in which a constraint was found to be owed, plus one. */
  readonly #seenAt: Int32Array
  readonly #work: { readonly members: Int32Array; readonly id: number }[] = []
  #regions = 0
  #found = 0

  constructor(graph: LabelledGraph, query: FairQuery) {
    this.#graph = graph
    this.#query = query
    this.#region = new Int32Array(graph.states).fill(-1)
    this.#result = new Int32Array(graph.states).fill(-1)
    const { constraints } = query
    this.#owedIn = new Float64Array(constraints.length)
    this.#taken = new Uint8Array(constraints.length)
    this.#seenAt = new Int32Array(constraints.length)
    this.#ofStep = Array.from({ length: constraints[0]?.covers.length ?? 0 }, (_, step) =>
      constraints.flatMap(({ covers }, c) => (covers[step] !== 0 ? [c] : [])),
    )
  }

  run(): Int32Array {
    const components = new Components(this.#graph)
    this.#search(marked(this.#query.allowed, this.#graph.expanded))
    for (let work = this.#work.pop(); work !== undefined; work = this.#work.pop()) {
      const { members, id } = work
      components.each(members, this.#region, id, null, (states, from, to) =>
        this.#examine(states, from, to, id),
      )
    }
    return this.#result
  }

  #search(members: Int32Array): void {
    const id = this.#regions++
    for (const s of members) this.#region[s] = id
    this.#work.push({ members, id })
  }

  #examine(states: Int32Array, from: number, to: number, id: number): void {
    this.#measure(states, from, to, id)
    const { again, constraints } = this.#query
    if (again !== null && !states.subarray(from, to).some((s) => again[s] !== 0)) return
    const size = to - from
    const unfair: number[] = []
    for (let c = 0; c < constraints.length; c++) {
      if (this.#taken[c] !== 0) continue
      if (constraints[c].strong) {
        if (this.#owedIn[c] > 0) unfair.push(c)
      } else if (this.#owedIn[c] === size) return
    }
    if (unfair.length > 0) {
      const rest = states.slice(from, to).filter((s) => !unfair.some((c) => this.#isOwed(c, s)))
      if (rest.length > 0) this.#search(rest)
      return
    }
    for (let i = from; i < to; i++) this.#result[states[i]] = this.#found
    this.#found++
  }

  #measure(states: Int32Array, from: number, to: number, id: number): void {
    const { first, targets, labels } = this.#graph
    const region = this.#region
    this.#owedIn.fill(0)
    this.#taken.fill(0)
    this.#seenAt.fill(0)
    const { constraints } = this.#query
    if (constraints.length === 0) return
    const alone = to - from === 1
    // During this call, a mark tells the component from the other components of its region.
    const mark = this.#regions + 1
    for (let i = from; i < to; i++) region[states[i]] = mark
    for (let i = from; i < to; i++) {
      const s = states[i]
      for (let e = first[s]; e < first[s + 1]; e++) {
        const inside = alone ? targets[e] === s : targets[e] >= 0 && region[targets[e]] === mark
        for (const c of this.#ofStep[labels[e]]) {
          if (inside) this.#taken[c] = 1
          if (constraints[c].owes[labels[e]] === 0 || this.#seenAt[c] === s + 1) continue
          this.#seenAt[c] = s + 1
          this.#owedIn[c]++
        }
      }
    }
    for (let i = from; i < to; i++) region[states[i]] = id
  }

  #isOwed(c: number, s: number): boolean {
    const { first, labels } = this.#graph
    const { owes } = this.#query.constraints[c]
    for (let e = first[s]; e < first[s + 1]; e++) if (owes[labels[e]] !== 0) return true
    return false
  }
}
