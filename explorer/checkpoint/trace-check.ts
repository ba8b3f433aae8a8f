import { ModelError } from '../../model/language/errors.ts'
import type { CompiledSystem } from '../compile/compiled-system.ts'
import { Successors } from '../search/successors.ts'

/**
 * Whether steps, given by number, can be taken one after the other from an initial state. The last one may end in an
 * oops or in a failure of model code.
 */
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
    const isLast = n === steps.length - 1
    let count: number
    try {
      count = successors.find(words, 0)
    } catch (error) {
      if (isLast && error instanceof ModelError) return true
      throw error
    }
    const k = successors.steps.subarray(0, count).indexOf(step)
    if (k < 0) return false
    if (successors.faults(k)) return isLast
    successors.apply(k, words, 0)
    return true
  })
}
