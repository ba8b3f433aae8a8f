import type { Property } from '../../model/language/property.ts'
import { Reference } from '../../model/language/reference.ts'
import type { System } from '../../model/language/system.ts'

/** What xstate finds about a system. */
export interface ReferenceResult {
  readonly states: number
  readonly transitions: number
  readonly depth: number
  readonly deadlocks: number
  /** Steps to the nearest violation (or witness), by id of the properties that states and steps decide. */
  readonly lengths: ReadonlyMap<string, number>
}

/**
 * Explores a system by xstate's transitions, and evaluates invariants, witnesses, action properties, deadlocks and
 * oopses in every state. Slow: for systems of some hundred states.
 * @returns null if there are more than `most` states.
 */
export function referenceCheck(
  system: System<never>,
  properties: readonly Property<never>[],
  most: number,
): ReferenceResult | null {
  const reference = new Reference(system)
  const depths = new Map<string, number>()
  const queue: Uint16Array[] = []
  const lengths = new Map<string, number>()
  const find = (id: string, length: number): void => {
    if (!lengths.has(id)) lengths.set(id, length)
  }
  const viewOf = (encoded: Uint16Array) => system.view({ read: (field) => encoded[field], write: () => {} })
  const enter = (encoded: Uint16Array, depth: number): void => {
    const key = encoded.join()
    if (depths.has(key)) return
    depths.set(key, depth)
    queue.push(encoded)
    const { world, at } = viewOf(encoded)
    for (const p of properties) {
      if (p.kind === 'witness' && p.seen(world, at)) find(p.id, depth)
      if (p.kind !== 'invariant' || p.given?.(world, at) === false || p.holds(world, at)) continue
      find(p.id, depth)
    }
  }
  let transitions = 0
  let deadlocks = 0
  let deepest = 0
  for (const encoded of system.initial) enter(encoded.slice(), 0)
  for (const encoded of queue) {
    if (depths.size > most) return null
    const depth = depths.get(encoded.join()) as number
    deepest = depth
    const snapshot = reference.snapshot(encoded)
    const enabled = reference.enabled(snapshot)
    transitions += enabled.length
    for (const step of enabled) {
      const outcome = reference.step(snapshot, step)
      if (outcome.kind === 'fault') find(outcome.fault.property, depth + 1)
      if (outcome.kind !== 'moved') continue
      const next = reference.encode(outcome.next)
      const thread = system.threads.find(
        ({ name }) => name === step.thread,
      ) as (typeof system.threads)[number]
      const view = { kind: thread.program.kind, self: thread.self, path: step.step }
      const [before, after] = [viewOf(encoded).world, viewOf(next).world]
      for (const p of properties) {
        if (p.kind !== 'action' || p.given?.(before, view, after) === false) continue
        if (!p.holds(before, view, after)) find(p.id, depth + 1)
      }
      enter(next, depth + 1)
    }
    const isValidEnd = system.threads.every(({ flow, counter }) =>
      flow.validEnds.has(flow.counters[encoded[counter.index]]),
    )
    if (enabled.length > 0 || isValidEnd) continue
    deadlocks++
    for (const p of properties) if (p.kind === 'deadlock') find(p.id, depth)
  }
  return { states: depths.size, transitions, depth: deepest, deadlocks, lengths }
}
