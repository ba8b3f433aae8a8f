import type { System } from '../../model/language/system.ts'
import type { Trace } from '../../model/language/trace.ts'

/** A step of the trace to an error in model code. */
export interface FailingStep {
  readonly thread: string
  readonly step: string
  /** Kernel function and statement, `mark(): sp->role.invalid = 1`; empty if the step has neither. */
  readonly text: string
}

/** The steps of a trace, with what each does in the state in which it is taken. The last one may fail. */
export function failingSteps(system: System, trace: Trace): FailingStep[] {
  const encoded = system.initial[trace.initial].slice()
  const { world } = system.view({
    read: (field) => encoded[field],
    write: (field, value) => {
      encoded[field] = value
    },
  })
  return trace.steps.map(({ thread: name, step: path }): FailingStep => {
    const thread = system.threads.find((t) => t.name === name)
    const located = thread?.flow.steps.find((s) => s.path === path)
    if (thread === undefined || located === undefined) return { thread: name, step: path, text: '' }
    const { self, flow, counter } = thread
    const { about, cases } = located.step
    const fn = about.fn === undefined ? [] : [`${about.fn}()`]
    const { shows } = about
    const statement = typeof shows === 'function' ? attempt(() => shows(world, self)) : shows
    const taken = attempt(() => cases.findIndex(({ when }) => when === undefined || when(world, self)))
    if (taken !== undefined && taken >= 0) {
      attempt(() => cases[taken].does?.(world, self))
      encoded[counter.index] = flow.counters.indexOf(flow.target(located, taken))
    }
    return { thread: name, step: path, text: [...fn, ...(statement ? [statement] : [])].join(': ') }
  })
}

/** Undefined if model code throws, which is expected here. */
function attempt<T>(run: () => T): T | undefined {
  try {
    return run()
  } catch {
    return undefined
  }
}
