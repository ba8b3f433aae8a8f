import type { CompiledSystem } from '../compile/compiled-system.ts'
import { Successors } from '../search/successors.ts'

/** Whether steps, by number, can be taken one after the other from an initial state; only the last may end in a fault. */
export function canBeTaken(
  compiled: CompiledSystem,
  initial: Uint16Array,
  steps: readonly number[],
): boolean {
  const { layout } = compiled.system
  const words = new Int32Array(layout.words)
  layout.pack(initial, words, 0)
  const successors = new Successors(compiled)
  return steps.every((step, n) => {
    const count = successors.find(words, 0)
    const k = successors.steps.subarray(0, count).indexOf(step)
    if (k < 0) return false
    if (successors.faults(k)) return n === steps.length - 1
    successors.apply(k, words, 0)
    return true
  })
}
