import type { Property } from '../model/language/property.ts'
import type { System } from '../model/language/system.ts'
import type { FairnessReason, Trace } from '../model/language/trace.ts'
import { counterexampleOf } from './counterexample-file.ts'
import { raceDiagram } from './diagram.ts'
import { replay } from './replay.ts'
import type { GoalReachable } from './verifier.ts'

/** A property and its violating trace; a `PropertyResult` of the engine is one. */
export interface Violated {
  readonly trace: Trace | null
  readonly subject: string | null
  readonly fairness: readonly FairnessReason[] | null
}

/** The model hash in counterexamples of systems outside the catalogue. */
const NO_HASH = '0'.repeat(16)

/**
 * The race diagram of a violation in any system, in at most 75 columns: one column per thread, one step per row, and
 * an explanation below. The trace is recomputed with xstate first.
 * @param property the violated property. @param found its result.
 * @param goalReachable decides whether the goal can still be reached; needed for properties of kind `progress`.
 * @throws Error when there is no trace, ReplayError or ReplayDisagreement when the trace is no violation.
 */
export function violationText<W>(
  system: System<W>,
  property: Property<W>,
  { trace, subject, fairness }: Violated,
  goalReachable?: GoalReachable,
): string {
  if (trace === null) throw new Error(`${property.id}: there is no trace to show`)
  const { name } = system
  const counterexample = counterexampleOf({
    tool: 'mmucheck',
    model: NO_HASH,
    scenario: name,
    design: name,
    property,
    trace,
    subject,
    fairness,
  })
  const context = {
    system: system as System,
    property,
    scenario: { id: name, title: name },
    design: { id: name, title: name },
    checker: { version: 'mmucheck', model: NO_HASH },
  }
  return raceDiagram(replay(counterexample, () => context, goalReachable)).join('\n')
}
