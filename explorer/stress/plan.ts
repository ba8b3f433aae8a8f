/**
 * A random system as plain data, with two independent meanings: build-system.ts turns it into a system of the modelling
 * language, and interpreter.ts runs it on plain objects.
 */

/** An id of some sort. */
export type Id =
  /** The running thread, or the thread that a property is stated for. */
  | { readonly id: 'self' }
  | { readonly id: 'fixed'; readonly n: number }
  /** The id bound by the quantifier or loop at this depth. */
  | { readonly id: 'bound'; readonly depth: number }
  /** The value of a cell that always holds an id. */
  | { readonly id: 'value'; readonly cell: CellRef }

/** A variable, or the element of it for an id. */
export interface CellRef {
  readonly name: string
  readonly at: Id | null
}

export type Test =
  | { readonly test: 'true' }
  | { readonly test: 'flag'; readonly cell: CellRef }
  | { readonly test: 'less'; readonly cell: CellRef; readonly than: number }
  | { readonly test: 'same'; readonly cell: CellRef; readonly as: CellRef }
  | { readonly test: 'none'; readonly cell: CellRef }
  | { readonly test: 'is'; readonly cell: CellRef; readonly id: Id }
  | { readonly test: 'has'; readonly cell: CellRef; readonly id: Id }
  | { readonly test: 'empty'; readonly cell: CellRef }
  /** A thread is at a program counter; in properties only. */
  | { readonly test: 'at'; readonly kind: string; readonly thread: Id | null; readonly path: string }
  | { readonly test: 'not'; readonly of: Test }
  | { readonly test: 'both'; readonly of: readonly [Test, Test] }
  | { readonly test: 'some' | 'every'; readonly sort: number; readonly of: Test }

export type EffectPlan =
  | { readonly effect: 'flip'; readonly cell: CellRef }
  | { readonly effect: 'put'; readonly cell: CellRef; readonly value: number }
  /** Increments, or starts again from `low` after `steps` values. */
  | { readonly effect: 'up'; readonly cell: CellRef; readonly low: number; readonly steps: number }
  | { readonly effect: 'copy'; readonly cell: CellRef; readonly from: CellRef }
  | { readonly effect: 'point'; readonly cell: CellRef; readonly to: Id | null }
  | { readonly effect: 'add' | 'delete'; readonly cell: CellRef; readonly id: Id }
  | { readonly effect: 'clear'; readonly cell: CellRef }
  | { readonly effect: 'if'; readonly test: Test; readonly do: readonly EffectPlan[] }
  | { readonly effect: 'for'; readonly sort: number; readonly do: readonly EffectPlan[] }
  | { readonly effect: 'fault'; readonly property: string }

export interface SortPlan {
  readonly name: string
  readonly size: number
  /** Whether its ids are declared interchangeable, rightly or not. */
  readonly symmetric: boolean
}

export interface Variable {
  readonly name: string
  readonly type: 'flag' | 'number' | 'ref' | 'id' | 'set'
  /** Of a number: the values are `low` and the `size - 1` after it. */
  readonly low: number
  readonly size: number
  /** Of what holds ids: the number of their sort. */
  readonly of: number
  /** Sort with an instance of the variable per id; null for a single variable. */
  readonly over: number | null
}

export interface CasePlan {
  readonly when: Test | null
  readonly does: readonly EffectPlan[]
  /** Path of a program counter, `done`, or null for the next. */
  readonly to: string | null
}

export interface StepPlan {
  readonly form: 'step'
  readonly name: string
  readonly validEnd: boolean
  readonly cases: readonly CasePlan[]
}

export type EntryPlan =
  | StepPlan
  | { readonly form: 'choice'; readonly name: string; readonly steps: readonly StepPlan[] }
  | { readonly form: 'block'; readonly name: string; readonly entries: readonly EntryPlan[] }

export interface ProgramPlan {
  readonly kind: string
  readonly over: number | null
  readonly entries: readonly EntryPlan[]
}

export interface FairnessPlan {
  readonly strength: 'weak' | 'strong'
  readonly of: 'thread' | 'step'
  readonly kinds?: readonly string[]
  readonly paths?: readonly string[]
}

interface TemporalPlan {
  readonly id: string
  readonly each: string | null
  readonly fairness: readonly FairnessPlan[] | null
  readonly goal: Test
}

export type LivenessPlan =
  | (TemporalPlan & { readonly kind: 'leads-to'; readonly given: Test })
  | (TemporalPlan & { readonly kind: 'eventually' | 'eventually-always' })
  | (TemporalPlan & { readonly kind: 'no-solo-cycle'; readonly each: string })

export type PropertyPlan =
  | { readonly kind: 'invariant'; readonly id: string; readonly given: Test | null; readonly holds: Test }
  | {
      readonly kind: 'action'
      readonly id: string
      /** Steps of these threads only. */
      readonly of: string
      readonly path: string | null
      readonly given: Test | null
      /** True before the step, or true after it. */
      readonly before: Test
      readonly after: Test
    }
  | { readonly kind: 'witness'; readonly id: string; readonly seen: Test }
  | { readonly kind: 'progress'; readonly id: string; readonly goal: Test }
  | LivenessPlan
  | { readonly kind: 'deadlock' | 'fault'; readonly id: string }

export interface SystemPlan {
  readonly sorts: readonly SortPlan[]
  readonly variables: readonly Variable[]
  readonly programs: readonly ProgramPlan[]
  readonly initial: readonly (readonly EffectPlan[])[]
  readonly properties: readonly PropertyPlan[]
}

/** Whether a property is a liveness property. */
export function isLivenessPlan(property: PropertyPlan): property is LivenessPlan {
  return ['leads-to', 'eventually', 'eventually-always', 'no-solo-cycle'].includes(property.kind)
}
