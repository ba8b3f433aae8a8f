import { conditionOf, ExpressionError } from '../../../counterexamples/expression.ts'
import type { TraceData } from '../../../counterexamples/page/data.ts'
import { type PathContext, pathData } from '../../../counterexamples/path.ts'
import { stepText } from '../../../counterexamples/rows.ts'
import { variablesOf } from '../../../counterexamples/state-variables.ts'
import { Verifier } from '../../../counterexamples/verifier.ts'
import type { Property } from '../../../model/language/property.ts'
import { quoted } from '../../../model/language/quoted.ts'
import { Reference, ReplayError, referenceRun } from '../../../model/language/reference.ts'
import type { TraceStep } from '../../../model/language/trace.ts'
import type { ExploreData } from './page/explore-data.ts'

/** States that a search for a condition looks at; it says so when these are not enough. */
export const MOST_STATES = 20_000

/** A request that makes no sense; the message is one line for the reader of the page. */
export class PathError extends Error {
  override readonly name = 'PathError'
}

/** A system that is explored by hand. It holds no path: each request brings its own. */
export class Exploration {
  readonly #context: PathContext
  readonly #reference: Reference

  constructor(context: PathContext) {
    this.#context = context
    this.#reference = new Reference(context.system)
  }

  /** What the page shows after these steps. @throws PathError when one of them is not possible. */
  at(steps: readonly TraceStep[]): ExploreData {
    const run = this.#run(steps)
    const trace: TraceData = pathData(this.#context, steps, run)
    if (run.fault !== null) return { trace, enabled: [], blocked: [] }
    const last = run.states[run.states.length - 1]
    const snapshot = this.#reference.snapshot(last)
    const enabled = this.#reference.enabled(snapshot)
    const text = ({ thread: name, step }: TraceStep): string => {
      const thread = this.#context.system.threads.find((each) => each.name === name)
      const located = thread?.flow.steps.find(({ path }) => path === step)
      if (thread === undefined || located === undefined) return step
      const replayed = { system: this.#context.system, states: run.states }
      return stepText(replayed as never, { index: run.states.length - 1, thread, located })
    }
    return {
      trace,
      enabled: enabled.map((step) => ({
        ...step,
        text: text(step),
        violates: this.#violatedBy([...steps, step]),
      })),
      blocked: this.#context.system.threads.flatMap(({ name, flow, counter }) => {
        const at = flow.counters[last[counter.index]]
        const own = flow.steps.filter((located) => located.at === at)
        const waits = own.filter(({ path }) => !enabled.some((e) => e.thread === name && e.step === path))
        return waits.map(({ path }) => {
          const step = { thread: name, step: path }
          return { ...step, text: text(step), why: this.#reference.whyBlocked(snapshot, step) }
        })
      }),
    }
  }

  /**
   * The shortest way on to a state in which a condition holds; null if there is none.
   * @throws PathError for a condition that cannot be understood, or when the limit stopped the search.
   */
  until(steps: readonly TraceStep[], text: string): TraceStep[] | null {
    const { system } = this.#context
    const { states, fault } = this.#run(steps)
    if (fault !== null) throw new PathError('the last step failed; nothing comes after it')
    const variables = variablesOf(system).all
    let holds: ReturnType<typeof conditionOf>
    try {
      holds = conditionOf(text, variables)
    } catch (error) {
      if (error instanceof ExpressionError) throw new PathError(error.message)
      throw error
    }
    return this.#search(states[states.length - 1], holds)
  }

  /** Breadth-first by xstate, which needs no property that reads the state as the model does. */
  #search(from: Uint16Array, holds: (state: Uint16Array) => boolean): TraceStep[] | null {
    const seen = new Map<string, { before: string | null; step: TraceStep | null }>()
    const keyOf = (state: Uint16Array): string => String.fromCharCode(...state)
    let frontier = [from]
    seen.set(keyOf(from), { before: null, step: null })
    while (frontier.length > 0) {
      const next: Uint16Array[] = []
      for (const state of frontier) {
        const before = keyOf(state)
        const snapshot = this.#reference.snapshot(state)
        for (const step of this.#reference.enabled(snapshot)) {
          const outcome = this.#reference.step(snapshot, step)
          if (outcome.kind !== 'moved') continue
          const after = this.#reference.encode(outcome.next)
          const key = keyOf(after)
          if (seen.has(key)) continue
          seen.set(key, { before, step })
          if (holds(after)) return wayTo(seen, key)
          next.push(after)
        }
        if (seen.size > MOST_STATES)
          throw new PathError(`no such state among the first ${MOST_STATES}; there may be one further away`)
      }
      frontier = next
    }
    return null
  }

  /** The first property that is violated after these steps, of those that a search judges too; null if there is none. */
  violatedBy(steps: readonly TraceStep[]): Property<never> | null {
    const { system, judged } = this.#context
    const { fault } = this.#run(steps)
    const found = judged.find((property) => {
      if (fault !== null) return property.kind === 'fault' && property.id === fault.property
      if (!['invariant', 'action', 'deadlock'].includes(property.kind)) return false
      return new Verifier(system, property).fails({ initial: 0, steps })
    })
    return found ?? null
  }

  #violatedBy(steps: readonly TraceStep[]): string | null {
    return this.violatedBy(steps)?.id ?? null
  }

  #run(steps: readonly TraceStep[]): ReturnType<typeof referenceRun> {
    try {
      return referenceRun(this.#context.system, { initial: 0, steps }, this.#reference)
    } catch (error) {
      if (error instanceof ReplayError) throw new PathError(quoted(error.message, 400))
      throw error
    }
  }
}

/** The steps that a search took to a state. */
function wayTo(
  seen: ReadonlyMap<string, { readonly before: string | null; readonly step: TraceStep | null }>,
  key: string,
): TraceStep[] {
  const steps: TraceStep[] = []
  for (let at = seen.get(key); at !== undefined && at.step !== null; at = seen.get(at.before ?? ''))
    steps.unshift(at.step)
  return steps
}
