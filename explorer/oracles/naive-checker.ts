import type { EncodedValues } from '../../model/language/layout.ts'
import { Oops, type Property, type StepView } from '../../model/language/property.ts'
import type { System, Thread } from '../../model/language/system.ts'

/** What the naive checker finds about one property. */
export interface NaivePropertyResult {
  readonly verdict: 'holds' | 'violated' | 'inconclusive' | 'vacuous' | 'reached' | 'not-reached'
  readonly antecedent: number
  /** Steps of a shortest violation, or of a shortest path to a witness; null if there is none. */
  readonly length: number | null
}

export interface NaiveSearchResult {
  readonly states: number
  readonly transitions: number
  readonly depth: number
  readonly deadlocks: number
  readonly findings: ReadonlyMap<string, NaivePropertyResult>
}

/** A state: encoded values, and the distance from an initial state. */
interface Visit {
  readonly encoded: readonly number[]
  readonly depth: number
  readonly successors: string[]
}

/**
 * A naive reference checker: states are strings in a Map, model code runs on every state, and nothing is packed, hashed,
 * batched or recorded. It shares no code with the engine except the modelling language. For systems of some thousand
 * states.
 */
export function naiveCheck<W>(system: System<W>, properties: readonly Property<W>[]): NaiveSearchResult {
  const visited = new Map<string, Visit>()
  const queue: string[] = []
  const counts = new Map<string, number>(properties.map((p) => [p.id, 0]))
  const found = new Map<string, number>()
  const bump = (id: string): void => void counts.set(id, (counts.get(id) ?? 0) + 1)
  const find = (id: string, length: number): void => {
    found.set(id, Math.min(length, found.get(id) ?? length))
  }
  let transitions = 0
  let deadlocks = 0

  const enter = (encoded: readonly number[], depth: number): string => {
    const key = encoded.join(' ')
    if (!visited.has(key)) {
      visited.set(key, { encoded, depth, successors: [] })
      queue.push(key)
      evaluateState(encoded, depth)
    }
    return key
  }
  const evaluateState = (encoded: readonly number[], depth: number): void => {
    const { world, at } = system.view(cells([...encoded]))
    for (const p of properties) {
      if (p.kind === 'invariant' && (p.given === undefined || p.given(world, at))) {
        bump(p.id)
        if (!p.holds(world, at)) find(p.id, depth)
      } else if (p.kind === 'witness' && p.seen(world, at)) {
        bump(p.id)
        find(p.id, depth)
      } else if (p.kind === 'progress' && p.goal(world, at)) bump(p.id)
    }
  }

  for (const encoded of system.initial) enter([...encoded], 0)
  for (const key of queue) {
    const visit = visited.get(key) as Visit
    let enabled = 0
    for (const thread of system.threads) {
      for (const after of stepsOf(system, thread, visit.encoded)) {
        enabled++
        transitions++
        if (after.encoded === null) {
          find(after.fault, visit.depth + 1)
          continue
        }
        const before = system.view(cells([...visit.encoded])).world
        const now = system.view(cells(after.beforeJump)).world
        for (const p of properties) {
          if (p.kind !== 'action' || !(p.given?.(before, after.step, now) ?? true)) continue
          bump(p.id)
          if (!p.holds(before, after.step, now)) find(p.id, visit.depth + 1)
        }
        visit.successors.push(enter(after.encoded, visit.depth + 1))
      }
    }
    const isValidEnd = system.threads.every((t) =>
      t.flow.validEnds.has(t.flow.counters[visit.encoded[t.counter.index]]),
    )
    if (enabled === 0 && !isValidEnd) {
      deadlocks++
      for (const p of properties) if (p.kind === 'deadlock') find(p.id, visit.depth)
    }
  }
  for (const p of properties) if (p.kind === 'progress') decideAlwaysPossible(system, p, visited, find)

  const findings = new Map<string, NaivePropertyResult>()
  const hasOops = properties.some((p) => p.kind === 'fault' && found.has(p.id))
  for (const p of properties) {
    const length = found.get(p.id) ?? null
    const antecedent =
      p.kind === 'deadlock' || p.kind === 'fault' ? visited.size : (counts.get(p.id) as number)
    const [good, bad] =
      p.kind === 'witness' ? (['not-reached', 'reached'] as const) : (['holds', 'violated'] as const)
    const unfound = hasOops ? 'inconclusive' : p.kind !== 'witness' && antecedent === 0 ? 'vacuous' : good
    const verdict = length === null ? unfound : bad
    findings.set(p.id, { verdict, antecedent, length })
  }
  const depth = Math.max(...[...visited.values()].map((v) => v.depth))
  return { states: visited.size, transitions, depth, deadlocks, findings }
}

function cells(encoded: number[]): Pick<EncodedValues, 'read' | 'write'> {
  return {
    read: (field) => encoded[field],
    write: (field, value) => {
      encoded[field] = value
    },
  }
}

type Successor =
  | { readonly encoded: readonly number[]; readonly beforeJump: number[]; readonly step: StepView }
  | { readonly encoded: null; readonly fault: string }

/** The enabled steps of a thread; each takes the first case whose guard holds. */
function stepsOf<W>(system: System<W>, thread: Thread<W>, encoded: readonly number[]): Successor[] {
  const { flow, self, counter, program } = thread
  const here = flow.counters[encoded[counter.index]]
  return flow.steps
    .filter((located) => located.at === here)
    .flatMap((located): Successor[] => {
      const after = [...encoded]
      const { world } = system.view(cells(after))
      try {
        const taken = located.step.cases.findIndex((c) => c.when === undefined || c.when(world, self))
        if (taken < 0) return []
        located.step.cases[taken].does?.(world, self)
        const beforeJump = [...after]
        after[counter.index] = flow.counters.indexOf(flow.target(located, taken))
        return [{ encoded: after, beforeJump, step: { kind: program.kind, self, path: located.path } }]
      } catch (error) {
        if (error instanceof Oops) return [{ encoded: null, fault: error.property }]
        throw error
      }
    })
}

/** The nearest state from which no goal can be reached, by searching forwards from every state. */
function decideAlwaysPossible<W>(
  system: System<W>,
  property: Property<W> & { readonly kind: 'progress' },
  visited: ReadonlyMap<string, Visit>,
  find: (id: string, length: number) => void,
): void {
  for (const [key, { depth }] of visited) {
    const reached = new Set([key])
    let goal = false
    for (const other of reached) {
      const { encoded, successors } = visited.get(other) as Visit
      const { world, at } = system.view(cells([...encoded]))
      if (property.goal(world, at)) {
        goal = true
        break
      }
      for (const next of successors) reached.add(next)
    }
    if (!goal) find(property.id, depth)
  }
}
