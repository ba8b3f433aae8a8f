import type { LocatedStep } from '../model/language/machine.ts'
import type { About } from '../model/language/program.ts'
import type { ReplayedStep } from './replay.ts'

/** `kvm_mmu_load()`; what is no function of the kernel, such as the hardware's walk, is a plain heading. */
export function headingOf({ fn, since }: About<never>): string | null {
  if (fn === undefined) return null
  return /^\w+$/.test(fn) && since !== 'x86' ? `${fn}()` : `${fn}:`
}

/**
 * Headings of the functions that a step may have been called from. A program is a flat list of steps, so
 * this is read off its order: the steps of `f()` before and after a step of `g()` say that `f()` calls `g()`,
 * unless they lie deeper in blocks than the step itself. A step in a deeper block is called from what came
 * right before the block.
 */
export function callersOf({ thread, located }: ReplayedStep): ReadonlySet<string> {
  const { steps } = thread.flow
  const index = steps.indexOf(located)
  const depth = depthOf(located)
  const own = headingOf(located.step.about)
  const notDeeper = (list: readonly LocatedStep<never>[]): Set<string | null> =>
    new Set(list.filter((s) => depthOf(s) <= depth).map((s) => headingOf(s.step.about)))
  const before = notDeeper(steps.slice(0, index))
  const after = notDeeper(steps.slice(index + 1))
  const callers = new Set([...before].filter((heading) => isFunction(heading) && after.has(heading)))
  const outside = steps.slice(0, index).findLast((s) => depthOf(s) < depth)
  const from = outside === undefined ? null : headingOf(outside.step.about)
  callers.add(isFunction(from) ? from : own)
  callers.delete(own)
  return callers as ReadonlySet<string>
}

/** Only functions call; a guest or the hardware does not. */
const isFunction = (heading: string | null): boolean => heading?.endsWith('()') === true

const depthOf = ({ path }: LocatedStep<never>): number => path.split('/').length
