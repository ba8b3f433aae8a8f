import { isOfAnAbsentMember } from '../../model/language/errors.ts'
import type { Property } from '../../model/language/property.ts'
import type { System } from '../../model/language/system.ts'
import { breadthFirst } from '../search/index.ts'

/** What a report says of a property that `notModelled` finds. */
export const NOT_MODELLED = 'Nothing of this is modelled here.'

/**
 * States searched for a read of what the system lacks. Such reads come early: a property looks for its threads before
 * it looks at what they do. One that comes later ends the check as a model error.
 */
const STATES = 1000

/**
 * Of properties that a scenario is asked about and does not list, those that are about something the system lacks: a
 * thread, or an array that has no elements here.
 */
export function notModelled<W>(system: System<W>, foreign: readonly Property<W>[]): Property<W>[] {
  return foreign.filter((property) => {
    try {
      breadthFirst(system, [property], { maxStates: STATES })
      return false
    } catch (error) {
      // Any other failure is reported by the check itself, with the steps that lead to it.
      return isOfAnAbsentMember(error)
    }
  })
}
