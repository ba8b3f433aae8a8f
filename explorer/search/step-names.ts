import type { System } from '../../model/language/system.ts'
import type { TraceStep } from '../../model/language/trace.ts'
import type { CompiledStep } from '../compile/step-table.ts'

/** Names steps, given by number, as results name them. */
export function namedSteps(
  system: System,
  steps: readonly CompiledStep[],
  numbers: readonly number[],
): TraceStep[] {
  return numbers.map((s) => {
    const { thread, path } = steps[s]
    return { thread: system.threads[thread].name, step: path }
  })
}

/** Turns counts by step number into counts by thread kind and path (`vcpu.RUN.8`). */
export function countsByName(
  system: System,
  steps: readonly CompiledStep[],
  counts: ArrayLike<number>,
): Map<string, number> {
  const named = new Map<string, number>()
  steps.forEach(({ thread, path }, index) => {
    const key = `${system.threads[thread].program.kind}.${path}`
    named.set(key, (named.get(key) ?? 0) + counts[index])
  })
  return named
}
