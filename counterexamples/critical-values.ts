import { causesOf, failsWith } from './causes.ts'
import { Observer } from './observer.ts'
import type { Replayed } from './replay.ts'
import { type StateVariable, variablesOf } from './state-variables.ts'

/** A variable on whose value the failure depends: with another one, alone, the property would hold. */
export interface CriticalValue {
  readonly variable: StateVariable
  readonly value: string
  /** A value with which the property would hold. */
  readonly otherwise: string
}

/** Most values of a field that are tried. */
const MOST_TRIED = 64

/**
 * The values that the failing part of a property consists of: each is necessary for the failure at the end of the
 * trace. Empty where no single value is, and for properties of infinite behaviours.
 */
export function criticalValues(replayed: Replayed): CriticalValue[] {
  const { system, states } = replayed
  const observer = new Observer(system)
  const last = states[states.length - 1]
  const found = new Map<StateVariable, CriticalValue>()
  for (const field of causesOf(replayed).judged) {
    const variable = variablesOf(system).of(field)
    if (found.has(variable)) continue
    const { size } = system.layout.fields[field].shape
    for (let value = 0; value < Math.min(size, MOST_TRIED); value++) {
      if (value === last[field] || !holdsWith(replayed, observer, field, value)) continue
      const other = last.slice()
      other[field] = value
      found.set(variable, { variable, value: variable.value(last), otherwise: variable.value(other) })
      break
    }
  }
  return [...found.values()]
}

function holdsWith(replayed: Replayed, observer: Observer, field: number, value: number): boolean {
  try {
    return failsWith(replayed, observer, field, value) === false
  } catch {
    // The property may throw in a state that cannot occur.
    return false
  }
}

/** The objects that variables belong to, `vcpu[0]` and `page[1]`, each once. */
export function objectsOf(variables: readonly StateVariable[]): string[] {
  return [...new Set(variables.flatMap(({ path }) => /^\w+\[\d+\]/.exec(path)?.[0] ?? []))]
}
