import type { LocatedStep } from '../model/language/machine.ts'
import { type About, entered } from '../model/language/program.ts'

/** `kvm_mmu_load()`; what is no function of the kernel, such as the hardware's walk, is a plain heading. */
export function headingOf({ fn, since }: About<never>): string | null {
  if (fn === undefined) return null
  return /^\w+$/.test(fn) && since !== 'x86' ? `${fn}()` : `${fn}:`
}

/**
 * The call stack of a step as headings, outermost first: the functions that its program says it is called in, and
 * its own. What is no function of the kernel is not called by one, nor is what goes on in a lane besides the
 * thread; it stands alone.
 */
export function callStackOf({ functions, step }: LocatedStep<never>): readonly string[] {
  const own = headingOf(step.about)
  if (own?.endsWith(':') || step.about.lane !== undefined) return own === null ? [] : [own]
  return entered(functions, step.about.fn).map((fn) => `${fn}()`)
}
