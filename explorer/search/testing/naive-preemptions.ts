import type { System } from '../../../model/language/system.ts'
import { naiveGraphOf } from './naive-liveness.ts'

/**
 * The least number of preemptions to each state, the slow way: relaxes the cost of every (state, running thread) until
 * nothing changes.
 * @returns the least number of preemptions by state, as a string.
 */
export function leastPreemptions(system: System): Map<string, number> {
  const { states, initial } = naiveGraphOf(system)
  const names = system.threads.map((t) => t.name)
  const cost = new Map<string, number>()
  const node = (state: string, thread: string): string => `${state}|${thread}`
  for (const state of initial) for (const thread of names) cost.set(node(state, thread), 0)
  for (let changed = true; changed; ) {
    changed = false
    for (const [from, moves] of states) {
      const steps = moves.filter((m) => m.thread !== null)
      for (const runner of names) {
        const here = cost.get(node(from, runner))
        if (here === undefined) continue
        const runnerCanMove = steps.some((m) => m.thread === runner)
        for (const { thread, to } of steps) {
          if (to === null) continue
          const then = here + (thread !== runner && runnerCanMove ? 1 : 0)
          const next = node(to, thread as string)
          if (then >= (cost.get(next) ?? Number.POSITIVE_INFINITY)) continue
          cost.set(next, then)
          changed = true
        }
      }
    }
  }
  const least = new Map<string, number>()
  for (const [key, preemptions] of cost) {
    const state = key.slice(0, key.indexOf('|'))
    least.set(state, Math.min(preemptions, least.get(state) ?? preemptions))
  }
  return least
}
