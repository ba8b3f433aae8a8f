import type { Comparison, Condition, Name, Value } from '../../model/language/observation.ts'
import type { BoundNames } from './bound-names.ts'
import type { PackedView } from './packed-view.ts'

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
export function isTrue(condition: Condition, view: PackedView, names: BoundNames): boolean {
  if (!('is' in condition)) return condition.holds(view.world, view.at, names.id)
  const { is } = condition
  if (!isName(is)) return Object.is(condition.value(view.world, view.at), is)
  const id = names.id(is.name)
  return id !== undefined && Object.is(condition.value(view.world, view.at), id)
}

/** Whether all conditions hold there. */
export function areTrue(conditions: readonly Condition[], view: PackedView, names: BoundNames): boolean {
  for (let n = 0; n < conditions.length; n++) if (!isTrue(conditions[n], view, names)) return false
  return true
}

/** The values on both sides of a condition in the candidate that view and names show. */
export function compared(condition: Condition, view: PackedView, names: BoundNames): Compared {
  if (!('is' in condition)) return { what: condition.what }
  const { what, is } = condition as Comparison
  const model = condition.value(view.world, view.at)
  if (!isName(is)) return { what, log: is, model }
  const id = names.id(is.name)
  return id === undefined ? { what, name: is.name, model } : { what, name: is.name, log: id, model }
}

const isName = (is: Value | Name): is is Name => typeof is === 'object' && is !== null
