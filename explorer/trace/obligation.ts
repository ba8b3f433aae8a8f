import { ModelError } from '../../model/language/errors.ts'
import type { Condition, Owed, OwedStep } from '../../model/language/observation.ts'
import type { TracedSystem } from './traced-system.ts'

/** An owed step, resolved: which steps of the system are meant. */
export interface StepItem {
  readonly kind: 'step'
  readonly oneOf: readonly Wanted[]
}

export interface Wanted {
  /** 1 by index of the step. */
  readonly steps: Uint8Array
  /** Index of the case; -1 for any. */
  readonly case: number
  readonly before: readonly Condition[]
  readonly after: readonly Condition[]
  /** Index of the model thread. */
  readonly thread: number
  readonly owed: OwedStep
}

/** A read inside the window. */
export interface ReadItem {
  readonly kind: 'read'
  readonly conditions: readonly Condition[]
}

export type Item = StepItem | ReadItem

/** Most items of a window: a candidate has a byte for how many of them are met. */
export const MOST_ITEMS = 255

const NONE: readonly never[] = []

/**
 * Resolves the items of a window.
 * @throws ModelError for a step that does not exist and for a window that owes too much.
 */
export function itemsOf(owed: readonly Owed[], traced: TracedSystem): readonly Item[] {
  if (owed.length === 0) return NONE
  if (owed.length > MOST_ITEMS)
    throw new ModelError(
      `a window of the log owes ${owed.length} items; at most ${MOST_ITEMS} can be followed`,
    )
  return owed.map((each): Item => {
    if ('read' in each) return { kind: 'read', conditions: each.read }
    return {
      kind: 'step',
      oneOf: each.oneOf.map((step) => ({
        steps: traced.select(step.thread, step.step),
        case: step.case ?? -1,
        before: step.before ?? NONE,
        after: step.after ?? NONE,
        thread: traced.system.threads.findIndex(({ name }) => name === step.thread),
        owed: step,
      })),
    }
  })
}
