import type { TraceStep } from '../model/language/trace.ts'

/** How often the running thread changes. */
export function contextSwitches(steps: readonly TraceStep[]): number {
  return steps.filter(({ thread }, i) => i > 0 && thread !== steps[i - 1].thread).length
}
