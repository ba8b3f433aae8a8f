import type { Fairness } from '../../../model/language/property.ts'
import type { CompiledSystem } from '../../compile/compiled-system.ts'

/** One fairness constraint on one thread or one step of one thread. */
export interface Constraint {
  /** As a report names it: `weak fairness of vcpu0`. */
  readonly name: string
  readonly strong: boolean
  /** By step number: 1 if taking the step satisfies the constraint. */
  readonly covers: Uint8Array
  /** By step number: 1 if the step is owed when it is enabled. It is not at a valid end of its thread. */
  readonly owes: Uint8Array
}

/** The constraints on the threads and steps of a system that the fairness of a property stands for. */
export function constraintsOf(compiled: CompiledSystem, fairness: readonly Fairness[]): Constraint[] {
  const { threads } = compiled.system
  return fairness.flatMap(({ strength, of, kinds, paths }): Constraint[] => {
    const strong = strength === 'strong'
    const wanted = compiled.steps.filter(({ thread, path }) => {
      const { kind } = threads[thread].program
      return (
        (kinds === undefined || kinds.includes(kind)) &&
        (of === 'thread' || paths === undefined || paths.includes(path))
      )
    })
    if (of === 'step') {
      return wanted.map(({ index, thread, path }) => ({
        name: `${strength} fairness of ${threads[thread].name} ${path}`,
        strong,
        covers: maskOf(compiled, [index]),
        owes: maskOf(compiled, paths === undefined && isAtValidEnd(compiled, index) ? [] : [index]),
      }))
    }
    return [...new Set(wanted.map((s) => s.thread))].map((t) => ({
      name: `${strength} fairness of ${threads[t].name}`,
      strong,
      covers: stepsOfThread(compiled, t),
      owes: stepsOfThread(compiled, t).map((own, s) => (isAtValidEnd(compiled, s) ? 0 : own)),
    }))
  })
}

/** Whether the program counter of a step is a valid end of its thread. */
function isAtValidEnd(compiled: CompiledSystem, index: number): boolean {
  const { thread, counter } = compiled.steps[index]
  const { flow } = compiled.system.threads[thread]
  return flow.validEnds.has(flow.counters[counter])
}

/** By step number: 1 for the steps of a thread. */
export function stepsOfThread(compiled: CompiledSystem, thread: number): Uint8Array {
  return maskOf(
    compiled,
    compiled.steps.filter((s) => s.thread === thread).map((s) => s.index),
  )
}

function maskOf(compiled: CompiledSystem, steps: readonly number[]): Uint8Array {
  const mask = new Uint8Array(compiled.steps.length)
  for (const s of steps) mask[s] = 1
  return mask
}
