import type { LocatedStep } from '../model/language/machine.ts'
import { Reference } from '../model/language/reference.ts'
import type { Thread } from '../model/language/system.ts'
import { Observer } from './observer.ts'
import type { Replayed } from './replay.ts'
import { stuckThreads } from './verifier.ts'

/** A thread that cannot take a step, though it is not at a valid end. */
export interface BlockedThread {
  readonly thread: Thread<never>
  /** The steps at its program counter, all of which are blocked. */
  readonly steps: readonly LocatedStep<never>[]
  /** Fields that their guards read, without its program counter. */
  readonly reads: readonly number[]
}

/** The threads that are blocked in the last state of a behaviour. */
export function blockedThreads({ system, states }: Pick<Replayed, 'system' | 'states'>): BlockedThread[] {
  const last = states[states.length - 1]
  const reference = new Reference(system)
  const enabled = new Set(reference.enabled(reference.snapshot(last)).map(({ thread }) => thread))
  const observer = new Observer(system)
  return stuckThreads(system, last)
    .map((index) => system.threads[index])
    .filter(({ name }) => !enabled.has(name))
    .map((thread) => {
      const at = thread.flow.counters[last[thread.counter.index]]
      const steps = thread.flow.steps.filter((located) => located.at === at)
      const reads = steps.flatMap((located) => [...observer.step(last, located, thread.self).reads])
      return { thread, steps, reads: [...new Set(reads)].filter((f) => f !== thread.counter.index) }
    })
}
