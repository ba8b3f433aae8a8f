import type { Property } from '../../model/language/property.ts'
import type { Sort } from '../../model/language/shapes.ts'
import type { System } from '../../model/language/system.ts'
import type { Predicate } from '../compile/predicates.ts'
import { isSize, type StopReason } from '../search/stop-reason.ts'
import { PartialOrder, type PartialOrderReport } from './partial-order/partial-order.ts'
import type { Reduce } from './reduce.ts'
import type { ReductionState, Refusal } from './reduction-state.ts'
import { Symmetry, type SymmetryReport } from './symmetry/symmetry.ts'

/** What was left out of a search, and how much that was. */
export interface ReductionReport {
  readonly asked: Reduce
  /** Null when states were kept under all their names. */
  readonly symmetry: SymmetryReport | null
  /** Null when every enabled step of every state was taken; else traces need not be shortest. */
  readonly partialOrder: PartialOrderReport | null
  /** States without symmetry divided by states explored; 1 without reduction. */
  readonly factor: number
  /** Why a reduction that was asked for was not, or not fully, applied. */
  readonly notApplied: readonly string[]
}

/** The report of a search that left nothing out and was not asked to. */
export const NOTHING_REDUCED: ReductionReport = {
  asked: 'none',
  symmetry: null,
  partialOrder: null,
  factor: 1,
  notApplied: [],
}

/** What a search is for: the main one, or the retry with partial order. Each has checkpoints of its own. */
export type Stage = 'main' | 'partial-order'

/** One way to make a search smaller. */
export interface Strategy {
  readonly stage: Stage
  /** Keep one state of those that differ in the names of interchangeable ids. */
  readonly symmetry: boolean
  /** Leave out orders of independent steps. */
  readonly partialOrder: boolean
  /** Why it leaves a reduction out that was asked for. */
  readonly notApplied: readonly string[]
}

const FULL: Strategy = { stage: 'main', symmetry: false, partialOrder: false, notApplied: [] }
const ALL_BUT_POR: Strategy = {
  ...FULL,
  symmetry: true,
  notApplied: ['por: not needed, and without it traces are shortest'],
}

/**
 * What to try, in this order, while `isTooLarge` says that the search before did not fit. Partial order keeps
 * verdicts but not the lengths of traces, and takes many times the time, so `all` tries without it first.
 */
export const STRATEGIES: Readonly<Record<Reduce, readonly Strategy[]>> = {
  none: [FULL],
  symmetry: [{ ...FULL, symmetry: true }],
  por: [{ ...FULL, partialOrder: true }],
  all: [ALL_BUT_POR, { stage: 'partial-order', symmetry: true, partialOrder: true, notApplied: [] }],
}

/** The reductions of one search. */
export interface Reductions {
  readonly asked: Reduce
  readonly stage: Stage
  readonly symmetry: Symmetry | null
  readonly partialOrder: PartialOrder | null
  report(states: number): ReductionReport
  /** What was learned and counted so far, for a checkpoint. */
  state(): ReductionState
  /** Goes on from that. @param lengths of the chains of partial order. */
  restore(state: ReductionState, lengths: Uint16Array): void
}

/** The reductions of a search that leaves nothing out. */
export const UNREDUCED: Reductions = {
  asked: 'none',
  stage: 'main',
  symmetry: null,
  partialOrder: null,
  report: () => NOTHING_REDUCED,
  state: () => ({ refused: [], symmetry: null, partialOrder: null }),
  restore: () => {},
}

/** What a search needs for its reductions. */
export interface Reducible {
  readonly system: System
  readonly properties: readonly Property<never>[]
  readonly predicates: readonly Predicate[]
}

/** Which sorts are taken for symmetric. Each is a claim of the model, until a search finds it false. */
export class SymmetryClaims {
  /** Those that may still be used. */
  sorts: readonly Sort[]
  readonly refused: Refusal[] = []
  readonly notApplied: string[] = []

  constructor({ name, symmetric }: Pick<System, 'name' | 'symmetric'>, asked: Reduce) {
    const isWanted = STRATEGIES[asked].some(({ symmetry }) => symmetry)
    this.sorts = isWanted ? symmetric.filter((s) => s.size > 1) : []
    if (isWanted && this.sorts.length === 0)
      this.notApplied.push(`symmetry: ${name} declares no sort of several interchangeable ids`)
  }

  /** Searches from now on do without a sort. */
  refuse(refusal: Refusal): void {
    if (this.refused.some(({ sort }) => sort === refusal.sort)) return
    this.refused.push(refusal)
    this.notApplied.push(`symmetry: ${refusal.why}`)
    this.sorts = this.sorts.filter(({ name }) => name !== refusal.sort)
  }

  /** Whether a search that had refused these knows every false claim that is known now. */
  areKnownTo(earlier: readonly Refusal[]): boolean {
    return this.refused.every(({ sort }) => earlier.some((b) => b.sort === sort))
  }
}

/** What matters here of the result of a search. */
interface Outcome {
  readonly complete: boolean
  readonly incompleteReason: StopReason | null
  readonly properties: readonly { readonly verdict: string }[]
}

/** True for a search that a bound on its size ended before it found anything wrong. */
export function isTooLarge({ complete, incompleteReason, properties }: Outcome): boolean {
  if (complete || properties.some(({ verdict }) => verdict === 'violated')) return false
  return isSize(incompleteReason)
}

/**
 * Of a search that was too large and the smaller one that was made for it the one that says more. If neither
 * does because the second was stopped by something else than its size, that is the reason, or a part of it.
 */
export function better<R extends Outcome>(first: R, second: R): R {
  const { complete, incompleteReason, properties } = second
  if (complete || properties.some(({ verdict }) => verdict === 'violated')) return second
  if (incompleteReason?.kind === 'retry-too-slow')
    return { ...first, incompleteReason: { ...incompleteReason, first: first.incompleteReason } }
  return isSize(incompleteReason) ? first : { ...first, incompleteReason }
}

/** The reductions of one search, with the claims as they stand now. */
export function reductionsOf(
  { system, properties, predicates }: Reducible,
  asked: Reduce,
  strategy: Strategy,
  claims: SymmetryClaims,
): Reductions {
  const { stage } = strategy
  const sorts = strategy.symmetry ? claims.sorts : []
  const refused = [...claims.refused]
  const notApplied = [...claims.notApplied, ...strategy.notApplied]
  const actions = properties.filter((p) => p.kind === 'action')
  const symmetry = sorts.length === 0 ? null : new Symmetry(system, sorts, actions, predicates)
  const partialOrder = strategy.partialOrder ? new PartialOrder() : null
  return {
    asked,
    stage,
    symmetry,
    partialOrder,
    report: (states) => {
      const report = symmetry?.report() ?? null
      const factor = report === null ? 1 : report.represented / states
      return { asked, symmetry: report, partialOrder: partialOrder?.report() ?? null, factor, notApplied }
    },
    state: () => ({
      refused,
      symmetry: symmetry?.state() ?? null,
      partialOrder: partialOrder?.state() ?? null,
    }),
    restore: (state, lengths) => {
      if (state.symmetry !== null) symmetry?.restore(state.symmetry)
      if (state.partialOrder !== null) partialOrder?.restore(state.partialOrder, lengths)
    },
  }
}
