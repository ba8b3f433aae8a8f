import { exceededBound, isLiveness, Oops, type Property } from '../model/language/property.ts'
import type { System } from '../model/language/system.ts'
import type { TraceStep } from '../model/language/trace.ts'
import { QuickSteps } from './quick-steps.ts'
import type { Replayed } from './replay.ts'
import { stepView, stuckThreads } from './verifier.ts'

/** The last place in a trace where the violation could still be avoided. */
export interface PointOfNoReturn {
  /** Index of the step that closes the last way out; null if there was none even at the beginning. */
  readonly step: number | null
  /** The first step of a way out that could have been taken in its place; null without one. */
  readonly instead: TraceStep | null
  /** Index of the last step for which a bound left open whether there is a later way out; null if none did. */
  readonly openFrom: number | null
}

/** Bounds of the exploration. */
export interface AvoidanceBounds {
  /** Most states that are looked at for one way out. */
  readonly each: number
  /** Most states altogether. */
  readonly all: number
}

const BOUNDS: AvoidanceBounds = { each: 50_000, all: 200_000 }

/**
 * Finds the last step of a trace in whose place another one could have been taken so that the violation does not occur:
 * every thread ends or runs on fairly without it, or the goal of the property is reached. Explores from the states of
 * the trace, latest first. Null for properties for which that is not defined.
 */
export function pointOfNoReturn(
  { system, property, states, steps }: Pick<Replayed, 'system' | 'property' | 'states' | 'steps'>,
  bounds = BOUNDS,
): PointOfNoReturn | null {
  if (property.kind === 'witness' || property.kind === 'eventually-always') return null
  const ways = new WaysOut(system, property, bounds)
  let openFrom: number | null = null
  for (let at = steps.length - 1; at >= 0; at--) {
    const { thread, located } = steps[at]
    const found = ways.from(states[at], { thread: thread.name, step: located.path })
    if (found === 'unknown') openFrom ??= at
    else if (found !== null) return { step: at, instead: found, openFrom }
  }
  return { step: null, instead: null, openFrom }
}

/** Explores the behaviours of a system that do not violate a property. */
class WaysOut {
  readonly #system: System
  readonly #property: Property<never>
  readonly #bounds: AvoidanceBounds
  #looked = 0
  readonly #steps: QuickSteps
  readonly #before: Uint16Array
  readonly #viewBefore: { readonly world: never }
  /** States from which there is no way out, as text. */
  readonly #dead = new Set<string>()

  constructor(system: System, property: Property<never>, bounds: AvoidanceBounds) {
    this.#system = system
    this.#property = property
    this.#bounds = bounds
    this.#steps = new QuickSteps(system)
    const before = new Uint16Array(this.#steps.state.length)
    this.#before = before
    this.#viewBefore = system.view({ read: (field) => before[field], write: () => {} })
  }

  /** A step other than `taken` that begins a way out; null if there is none. */
  from(state: Uint16Array, taken: TraceStep): TraceStep | 'unknown' | null {
    let open = false
    for (const step of this.#enabled(state)) {
      if (step.thread === taken.thread && step.step === taken.step) continue
      const next = this.#after(state, step)
      if (next === 'unknown') open = true
      if (next === null || next === 'unknown') continue
      const out = this.#isOut(next)
      if (out === null) open = true
      else if (out) return step
    }
    return open ? 'unknown' : null
  }

  /** Whether a way out begins in this state; null if too many states had to be looked at. */
  #isOut(start: Uint16Array): boolean | null {
    const graph = new Graph()
    graph.add(textOf(start), start)
    const open = [0]
    let next = FIRST_LOOK
    let isOpen = false
    // The last thread in the system's order goes first, as long as it can: vCPUs, which never end, are first there.
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      const state = graph.states[node]
      if (this.#isEnd(state)) return true
      for (const step of this.#enabled(state)) {
        const after = this.#after(state, step)
        if (after === 'unknown') isOpen = true
        if (after === null || after === 'unknown') continue
        const text = textOf(after)
        if (this.#dead.has(text)) continue
        const [target, isNew] = graph.add(text, after)
        graph.edges[node].push({ target, thread: step.thread })
        if (isNew) open.push(target)
      }
      if (graph.states.length >= next || graph.states.length >= this.#bounds.each) {
        if (this.#hasFairCycle(graph)) return true
        next *= 4
      }
      if (graph.states.length >= this.#bounds.each || this.#looked + graph.states.length > this.#bounds.all) {
        this.#looked += graph.states.length
        return null
      }
    }
    this.#looked += graph.states.length
    if (this.#hasFairCycle(graph)) return true
    if (isOpen) return null
    for (const text of graph.numbers.keys()) this.#dead.add(text)
    return false
  }

  /** Whether the threads can run on forever in some part of a graph, none of them neglected. */
  #hasFairCycle(graph: Graph): boolean {
    if (this.#hasGoal) return false
    return componentsOf(graph).some((component) => {
      const inside = new Set(component)
      const moving = new Set(
        component.flatMap((node) =>
          graph.edges[node].filter(({ target }) => inside.has(target)).map(({ thread }) => thread),
        ),
      )
      if (moving.size === 0) return false
      return this.#system.threads.every(
        ({ name }) => moving.has(name) || component.some((node) => !this.#isOwed(graph.states[node], name)),
      )
    })
  }

  /** Whether a thread must be given its turn: it can take a step, and is not at a valid end. */
  #isOwed(state: Uint16Array, name: string): boolean {
    const index = this.#system.threads.findIndex((thread) => thread.name === name)
    return (
      stuckThreads(this.#system, state).includes(index) &&
      this.#enabled(state).some(({ thread }) => thread === name)
    )
  }

  /** Whether the property names a state to come to. */
  get #hasGoal(): boolean {
    return this.#property.kind === 'progress' || isLiveness(this.#property)
  }

  /** Whether the violation is avoided for good here. */
  #isEnd(state: Uint16Array): boolean {
    const property = this.#property
    this.#steps.state.set(state)
    const { world, at } = this.#steps.view
    if (property.kind === 'progress') return property.goal(world, at)
    if (isLiveness(property)) {
      const selves =
        property.each === undefined
          ? [0]
          : this.#system.threads.filter((t) => t.program.kind === property.each).map((t) => t.self)
      return selves.every((self) => property.goal(world, at, self))
    }
    return stuckThreads(this.#system, state).length === 0 && this.#enabled(state).length === 0
  }

  #enabled(state: Uint16Array): TraceStep[] {
    this.#steps.state.set(state)
    const here = [...this.#steps.here()]
    return here.filter((step) => {
      this.#steps.state.set(state)
      try {
        return this.#steps.take(step) !== 'blocked'
      } catch {
        return false
      }
    })
  }

  /** The next state; null if the step violates the property, or fails otherwise; unknown outside the bounds. */
  #after(state: Uint16Array, step: TraceStep): Uint16Array | 'unknown' | null {
    this.#before.set(state)
    this.#steps.state.set(state)
    const outcome = this.#steps.take(step)
    if (outcome instanceof Oops) return exceededBound(outcome.property) === null ? null : 'unknown'
    const { world, at } = this.#steps.view
    const property = this.#property
    if (property.kind === 'invariant' && (property.given?.(world, at) ?? true) && !property.holds(world, at))
      return null
    if (property.kind === 'action') {
      const view = stepView(this.#system, step)
      const before = this.#viewBefore.world
      if ((property.given?.(before, view, world) ?? true) && !property.holds(before, view, world)) return null
    }
    return this.#steps.state.slice()
  }
}

/** When a graph is first searched for cycles; then at each fourfold size. */
const FIRST_LOOK = 500

/** States, and the steps between them, by number. */
class Graph {
  readonly numbers = new Map<string, number>()
  readonly states: Uint16Array[] = []
  readonly edges: { readonly target: number; readonly thread: string }[][] = []

  /** The number of a state, and whether it is new. */
  add(text: string, state: Uint16Array): [node: number, isNew: boolean] {
    const known = this.numbers.get(text)
    if (known !== undefined) return [known, false]
    const node = this.states.length
    this.numbers.set(text, node)
    this.states.push(state)
    this.edges.push([])
    return [node, true]
  }
}

/** The strongly connected components of a graph (Tarjan 1972), without recursion: graphs are deep. */
function componentsOf({ edges }: Graph): number[][] {
  const components: number[][] = []
  const index = new Int32Array(edges.length).fill(-1)
  const low = new Int32Array(edges.length)
  const isOpen = new Uint8Array(edges.length)
  const path: number[] = []
  let count = 0
  for (let root = 0; root < edges.length; root++) {
    if (index[root] >= 0) continue
    const work: { node: number; edge: number }[] = [{ node: root, edge: 0 }]
    for (let top = work.at(-1); top !== undefined; top = work.at(-1)) {
      const { node } = top
      if (top.edge === 0 && index[node] < 0) {
        index[node] = low[node] = count++
        path.push(node)
        isOpen[node] = 1
      }
      const next = edges[node][top.edge++] as { target: number } | undefined
      if (next !== undefined) {
        if (index[next.target] < 0) work.push({ node: next.target, edge: 0 })
        else if (isOpen[next.target] === 1) low[node] = Math.min(low[node], index[next.target])
        continue
      }
      work.pop()
      const parent = work.at(-1)
      if (parent !== undefined) low[parent.node] = Math.min(low[parent.node], low[node])
      if (low[node] !== index[node]) continue
      const component = path.splice(path.lastIndexOf(node))
      for (const member of component) isOpen[member] = 0
      components.push(component)
    }
  }
  return components
}

const textOf = (state: Uint16Array): string => String.fromCharCode(...state)
