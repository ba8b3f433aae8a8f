import type { StateNode } from 'xstate'
import { ModelError } from '../../model/language/errors.ts'
import { eventOf, modelCodeOf } from '../../model/language/machine.ts'
import type { System, Thread } from '../../model/language/system.ts'

/** Model code as the compiler runs it. */
export type GuardCode = (world: unknown, self: number) => boolean
export type EffectCode = (world: unknown, self: number) => void

/** One case of a compiled step; the first one whose guard holds is taken. */
export interface CompiledCase {
  readonly guard: GuardCode | undefined
  readonly effects: readonly EffectCode[]
  /** Encoded program counter that the thread goes to. */
  readonly target: number
}

/** One step of one thread at one program counter. */
export interface CompiledStep {
  readonly index: number
  readonly thread: number
  readonly self: number
  /** Encoded program counter at which the step is possible. */
  readonly counter: number
  /** Path in the program, for example `ZAP.9/REQ.1`. */
  readonly path: string
  /** Event of the xstate machine. */
  readonly event: string
  readonly cases: readonly CompiledCase[]
}

/**
 * Lists the steps of a system from the state nodes, transitions and targets of its machine as xstate resolved
 * them. Steps are numbered by thread, then program counter, then order of declaration.
 * @throws ModelError naming the state for anything outside the supported subset.
 */
export function stepTable(system: System): readonly CompiledStep[] {
  const known = tables.get(system)
  if (known !== undefined) return known
  const steps = stepsOf(system)
  tables.set(system, steps)
  return steps
}

/** Tables of systems that still exist: the machine is built for them, and each search of a system needs its table. */
const tables = new WeakMap<System, readonly CompiledStep[]>()

function stepsOf(system: System): CompiledStep[] {
  const steps: CompiledStep[] = []
  checkRoot(system)
  system.threads.forEach((thread, threadIndex) => {
    const region = system.machine.root.states[thread.name] as StateNode | undefined
    if (region === undefined) throw new ModelError(`machine ${system.name} has no region ${thread.name}`)
    const byCounter: CompiledStep[][] = thread.flow.counters.map(() => [])
    for (const node of leavesOf(region)) {
      const counter = counterOf(node, region, thread)
      for (const [event, transitions] of node.transitions) {
        if (!event.startsWith(eventOf(thread.name, '')))
          reject(node, `the event "${event}" of another thread`)
        byCounter[counter].push({
          index: -1,
          thread: threadIndex,
          self: thread.self,
          counter,
          path: event.slice(thread.name.length + 1),
          event,
          cases: transitions.map((t) => ({
            guard: t.guard === undefined ? undefined : (codeOf(t.guard, node) as GuardCode),
            effects: t.actions.map((action) => codeOf(action, node) as EffectCode),
            target: counterOf(leafAt(soleTarget(t.target, node)), region, thread),
          })),
        })
      }
    }
    for (const list of byCounter) for (const s of list) steps.push({ ...s, index: steps.length })
  })
  return steps
}

const nameOf = (node: StateNode): string => node.path.join(' > ')

function reject(node: StateNode, what: string): never {
  throw new ModelError(`state ${nameOf(node)}: ${what} is not part of the supported xstate subset`)
}

/** The root may only compose: one region per thread, and no activity of the root itself. */
function checkRoot({ machine, threads }: System): void {
  const { root } = machine
  rejectActivity(root)
  if (root.transitions.size > 0) reject(root, 'a transition on the root')
  const names = new Set(threads.map((t) => t.name))
  for (const [name, region] of Object.entries(root.states)) {
    if (!names.has(name)) reject(region, 'a region that is no thread')
  }
}

function rejectActivity(node: StateNode): void {
  if (node.invoke.length > 0) reject(node, 'invoke')
  if (node.after.length > 0) reject(node, 'a delayed transition')
  if ((node.always ?? []).length > 0) reject(node, 'an eventless transition')
  if (node.entry.length > 0 || node.exit.length > 0) reject(node, 'an entry or exit action')
}

/** The atomic states below a node, in document order, each checked to be in the subset. */
function leavesOf(node: StateNode): StateNode[] {
  if (node.type === 'history') reject(node, 'history')
  if (node.type === 'parallel') reject(node, 'a nested parallel state')
  if (node.type === 'final') reject(node, 'a final state')
  rejectActivity(node)
  const children = Object.values(node.states)
  if (children.length === 0) return [node]
  if (node.transitions.size > 0) reject(node, 'a transition on a compound state')
  if (node.initial.actions.length > 0) reject(node, 'an action on the way in')
  return children.flatMap(leavesOf)
}

/** The atomic state that is entered with a node: a compound state enters its initial child. */
function leafAt(node: StateNode): StateNode {
  let leaf = node
  while (leaf.type === 'compound') leaf = leaf.initial.target[0]
  return leaf
}

function soleTarget(target: readonly StateNode[] | undefined, node: StateNode): StateNode {
  if (target === undefined) return node
  if (target.length !== 1) reject(node, 'a transition to several states')
  return target[0]
}

function codeOf(wrapped: unknown, node: StateNode): unknown {
  const code = modelCodeOf(wrapped)
  if (code === undefined) reject(node, 'a guard or action that was not written in the modelling language')
  return code
}

function counterOf(leaf: StateNode, region: StateNode, thread: Thread<never>): number {
  const path = leaf.path.slice(region.path.length).join('/')
  const code = thread.flow.counters.indexOf(path)
  if (code < 0) reject(leaf, `a target outside thread ${thread.name}`)
  return code
}
