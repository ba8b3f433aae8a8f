import { truthOf } from '../../model/language/model-code.ts'
import type { Comparison, Condition, Name, Value } from '../../model/language/observation.ts'
import type { Counters } from '../../model/language/system.ts'
import type { BoundNames } from './bound-names.ts'

/** A state as a condition sees it. */
interface Shown {
  readonly world: never
  readonly at: Counters
}

/** What a comparison found. */
export interface Compared {
  readonly what: string
  /** The value in the log; the id of a name that is bound. Undefined for a requirement, which has none. */
  readonly log?: Value
  /** The name in the log. */
  readonly name?: string
  /** The value in the model. Undefined for a requirement. */
  readonly model?: Value
}

/** Whether a condition holds in the candidate that view and names show. */
export function isTrue(condition: Condition, view: Shown, names: BoundNames): boolean {
  if (!('is' in condition)) return truthOf(condition.holds(view.world, view.at, names.id))
  const { is } = condition
  if (!isName(is)) return Object.is(condition.value(view.world, view.at), is)
  const id = names.id(is.name)
  return id !== undefined && Object.is(condition.value(view.world, view.at), id)
}

/** Whether all conditions hold there. */
export function areTrue(conditions: readonly Condition[], view: Shown, names: BoundNames): boolean {
  for (let n = 0; n < conditions.length; n++) if (!isTrue(conditions[n], view, names)) return false
  return true
}

/** The values on both sides of a condition in the candidate that view and names show. */
export function compared(condition: Condition, view: Shown, names: BoundNames): Compared {
  if (!('is' in condition)) return { what: condition.what }
  const { what, is } = condition as Comparison
  const model = condition.value(view.world, view.at)
  if (!isName(is)) return { what, log: is, model }
  const id = names.id(is.name)
  return id === undefined ? { what, name: is.name, model } : { what, name: is.name, log: id, model }
}

const isName = (is: Value | Name): is is Name => typeof is === 'object' && is !== null
