import type { LocatedStep } from '../model/language/machine.ts'
import { type About, entered } from '../model/language/program.ts'

/** `kvm_mmu_load()`; what is not a kernel function, such as the hardware's walk, gets a plain heading (`guest:`). */
export function headingOf({ fn, since }: About<never>): string | null {
  if (fn === undefined) return null
  return /^\w+$/.test(fn) && since !== 'hardware' && since !== 'guest' ? `${fn}()` : `${fn}:`
}

/**
 * The call stack of a step as headings, outermost first: the functions that the program says enclose it, then its
 * own. A step outside the kernel, or in a lane beside its thread's, has no callers.
 */
export function callStackOf({ functions, step }: LocatedStep<never>): readonly string[] {
  const own = headingOf(step.about)
  if (own?.endsWith(':') || step.about.lane !== undefined) return own === null ? [] : [own]
  return entered(functions, step.about.fn).map((fn) => `${fn}()`)
}
