import type { System } from '../model/language/system.ts'
import type { Replayed, ReplayedStep } from './replay.ts'

/** A column of a race diagram. */
export interface Lane {
  /** `CPU0`: the threads that take steps are numbered in the system's order. */
  readonly cpu: string
  /** Name of the thread (`vcpu0`), or of the lane that its steps ask for (`walker of vcpu0`). */
  readonly role: string
}

/** The lanes of a trace and the lane of each step. */
export interface Lanes {
  readonly all: readonly Lane[]
  /** Index into `all`, by step; -1 for a step in a lane that is not drawn. */
  readonly of: readonly number[]
}

/**
 * One lane for each thread that takes a step, in the system's order. Steps that name a lane (`about.lane`) get one on
 * the same CPU, next to their thread's; a lane named like a kind of thread is that of the thread with the same id.
 * @param isShown which steps have rows; a lane without rows is not drawn.
 */
export function lanesOf(
  { system, steps }: Replayed,
  isShown: (step: ReplayedStep) => boolean = () => true,
): Lanes {
  const keys = steps.map((step) => keyOf(system, step))
  const shown = keys.filter((_, index) => isShown(steps[index]))
  const wanted = new Map(shown.map((key) => [`${key.thread} ${key.role}`, key]))
  const ordered = [...wanted.values()].sort((a, b) => a.thread - b.thread || Number(b.own) - Number(a.own))
  const cpus = [...new Set(ordered.map((key) => key.thread))]
  const position = new Map(ordered.map((key, index) => [`${key.thread} ${key.role}`, index]))
  return {
    all: ordered.map(({ thread, role }) => ({ cpu: `CPU${cpus.indexOf(thread)}`, role })),
    of: keys.map((key) => position.get(`${key.thread} ${key.role}`) ?? -1),
  }
}

interface Key {
  readonly thread: number
  readonly role: string
  /** False for a lane named by its steps. */
  readonly own: boolean
}

function keyOf(system: System, { thread, located }: ReplayedStep): Key {
  const { lane } = located.step.about
  const index = system.threads.indexOf(thread)
  if (lane === undefined) return { thread: index, role: thread.name, own: true }
  const other = system.threads.findIndex((t) => t.program.kind === lane && t.self === thread.self)
  if (other >= 0) return { thread: other, role: system.threads[other].name, own: true }
  return { thread: index, role: `${lane} of ${thread.name}`, own: false }
}
