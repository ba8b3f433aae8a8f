import type { Anchor } from '../../../model/language/anchor.ts'
import { flowOf } from '../../../model/language/machine.ts'
import { type Block, type Entry, entered, type Program, type Step } from '../../../model/language/program.ts'
import { isNoCode } from '../../../model/language/versions.ts'

/** A list of entries of a program: its own, or that of a block. */
export interface EntryList {
  /** What comes before the names in it: empty, or `FR.3/`. */
  readonly prefix: string
  /** The functions in which it is called, outermost first. */
  readonly outside: readonly string[]
  readonly entries: readonly Entry<never>[]
}

/** All lists of entries of a program, outer ones first. */
export function entryLists({ entries, fn }: Program<never>): EntryList[] {
  const listsIn = (list: EntryList): EntryList[] => [
    list,
    ...list.entries.flatMap((entry) =>
      entry.kind === 'block'
        ? listsIn({
            prefix: `${list.prefix}${entry.name}/`,
            outside: entered((entry.within ?? []).reduce(entered, list.outside), entry.fn),
            entries: entry.entries,
          })
        : [],
    ),
  ]
  return listsIn({ prefix: '', outside: entered([], fn), entries })
}

/**
 * The kernel function that a step or call is a statement of; null for what stands for no statement: steps of hardware,
 * of the guest and of the model.
 */
export function functionOf(entry: Step<never> | Block<never>, outside: readonly string[]): string | null {
  const called = (entry.within ?? []).reduce(entered, outside)
  if (entry.kind === 'block') return kernelFunction(called.at(-1) ?? entry.fn ?? '')
  const { fn, since = '', c } = entry.about
  return isNoCode(since) || isUncoded(c) ? null : kernelFunction(fn ?? called.at(-1) ?? '')
}

/** Whether every block is left at its end: one that is not is no call. */
export function returnsOf(program: Program<never>): (path: string) => boolean {
  const flow = flowOf(program)
  return (path) => {
    const isInside = (counter: string): boolean => counter.startsWith(`${path}/`)
    const following = flow.counters[flow.counters.findLastIndex(isInside) + 1]
    return flow.steps.some(
      (step) => isInside(step.at) && step.step.cases.some((_, n) => flow.target(step, n) === following),
    )
  }
}

/** Whether control never reaches the next statement: a `goto` or `return`. */
export const alwaysJumps = ({ cases }: Step<never>): boolean => cases.every(({ to }) => to !== undefined)

/** The lock that a statement takes or releases, as diagrams show it. */
export function lockingOf(
  entry: Entry<never>,
): { readonly op: 'lock' | 'unlock'; readonly lock: string } | null {
  if (entry.kind !== 'step' || typeof entry.about.shows !== 'string') return null
  const found = /^(\w+)_(lock|unlock)\((.*)\)$/.exec(entry.about.shows)
  return found === null ? null : { op: found[2] as 'lock' | 'unlock', lock: `${found[1]} ${found[3]}` }
}

/** The name if it is that of a C function; `guest` and `hardware page walk` are none. */
const kernelFunction = (fn: string): string | null => (/^\w+$/.test(fn) && fn !== 'guest' ? fn : null)

/** Whether a step says that it stands for no statement of the kernel. */
const isUncoded = (c: Anchor | undefined): boolean => typeof c === 'object' && 'none' in c
