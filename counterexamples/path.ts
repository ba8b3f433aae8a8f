import type { Property } from '../model/language/property.ts'
import { type ReferenceRun, referenceRun } from '../model/language/reference.ts'
import type { System } from '../model/language/system.ts'
import type { TraceStep } from '../model/language/trace.ts'
import type { Causes } from './causes.ts'
import type { TraceData } from './page/data.ts'
import { judgedData, traceDataOf } from './page-data.ts'
import { type ReplayContext, type Replayed, stepsOf } from './replay.ts'
import { variablesOf } from './state-variables.ts'

/** What a path is shown with: a counterexample's context, without a property that it would have to violate. */
export interface PathContext extends Omit<ReplayContext, 'property'> {
  readonly judged: readonly Property<never>[]
}

/** There is nothing to explain in a path that need not fail. */
const NO_CAUSES: Causes = {
  judged: [],
  decisive: new Map(),
  positions: [],
  needed: new Set(),
  races: [],
  reread: null,
  undone: new Map(),
  communicated: new Set(),
  changedByDesign: [],
  dropped: [],
  labels: new Map(),
}

/** What a page shows of a path that was chosen by hand. */
export function pathData(context: PathContext, steps: readonly TraceStep[], run: ReferenceRun): TraceData {
  const { system } = context
  const taken = stepsOf(system, steps, run.states)
  // A renderer of counterexamples looks at the trace only.
  const replayed = { ...context, ...run, steps: taken, wayOn: null } as unknown as Replayed
  return {
    ...traceDataOf(replayed, NO_CAUSES),
    rules: [],
    judged: judgedData(replayed, taken.length),
    length: taken.length,
    end: run.fault === null ? '' : `${run.fault.property}: ${run.fault.message}`,
  }
}

/**
 * The values of all variables after a path, by name, computed by xstate alone; for tests of a path.
 * @throws ReplayError when a step is not possible.
 */
export function valuesAfter(
  system: System,
  steps: readonly TraceStep[],
  initial = 0,
): Readonly<Record<string, string>> {
  const { states } = referenceRun(system, { initial, steps })
  const last = states[states.length - 1]
  return Object.fromEntries(variablesOf(system).all.map((each) => [each.path, each.value(last)]))
}
