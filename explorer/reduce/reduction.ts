import type { Property } from '../../model/language/property.ts'
import type { Sort } from '../../model/language/shapes.ts'
import type { System } from '../../model/language/system.ts'
import type { Predicate } from '../compile/predicates.ts'
import type { NotApplied } from '../search/not-applied.ts'
import { isSize, type StopReason } from '../search/stop-reason.ts'
import { PartialOrder, type PartialOrderReport } from './partial-order/partial-order.ts'
import type { Reduce } from './reduce-option.ts'
import type { ReductionState, Refusal } from './reduction-state.ts'
import { Symmetry, type SymmetryReport } from './symmetry/symmetry.ts'

/** Which reductions a search used, and how much they saved. */
export interface ReductionReport {
  readonly asked: Reduce
  /** Null when the search did not use symmetry. */
  readonly symmetry: SymmetryReport | null
  /** Null when every enabled step of every state was taken; otherwise traces may not be shortest. */
  readonly partialOrder: PartialOrderReport | null
  /** States without symmetry divided by states explored; 1 without symmetry. */
  readonly factor: number
  /** Why a reduction that was asked for was not, or not fully, applied. */
  readonly notApplied: readonly NotApplied[]
}

/** The report of a search for which no reduction was requested. */
export const NOTHING_REDUCED: ReductionReport = {
  asked: 'none',
  symmetry: null,
  partialOrder: null,
  factor: 1,
  notApplied: [],
}

/** The main search, or a retry with more reductions. Each has separate checkpoints. */
export type Stage = 'main' | 'symmetry' | 'partial-order'

/** One combination of reductions. */
export interface Strategy {
  readonly stage: Stage
  /** Store one state of each orbit. */
  readonly symmetry: boolean
  /** Leave out orders of independent steps. */
  readonly partialOrder: boolean
  /** Why the strategy does not use a reduction that was requested. */
  readonly notApplied: readonly NotApplied[]
}

const FULL: Strategy = { stage: 'main', symmetry: false, partialOrder: false, notApplied: [] }
const ALL_BUT_POR: Strategy = {
  ...FULL,
  symmetry: true,
  notApplied: [{ kind: 'partial-order-not-needed' }],
}
const ALL: Strategy = { stage: 'partial-order', symmetry: true, partialOrder: true, notApplied: [] }

const STRATEGIES: Readonly<Record<Reduce, readonly Strategy[]>> = {
  none: [FULL],
  symmetry: [{ ...FULL, symmetry: true }],
  por: [{ ...FULL, partialOrder: true }],
  all: [ALL_BUT_POR, ALL],
}

/** `all` for a system that only two permutations leave as it is. */
const ALL_OF_TWO: readonly Strategy[] = [
  { ...FULL, notApplied: [{ kind: 'symmetry-not-needed' }, { kind: 'partial-order-not-needed' }] },
  { ...ALL_BUT_POR, stage: 'symmetry' },
  ALL,
]

/**
 * The strategies to try in order, each one if `isTooLarge` holds for the search before it. Partial-order reduction
 * preserves verdicts but not the lengths of traces, and takes many times as long, so `all` first tries without it.
 */
export function strategiesFor(reduce: Reduce, system: Pick<System, 'symmetric'>): readonly Strategy[] {
  return reduce === 'all' && isSymmetric(system) && !savesTime(system) ? ALL_OF_TWO : STRATEGIES[reduce]
}

/** Whether there is anything to permute. */
const isSymmetric = ({ symmetric }: Pick<System, 'symmetric'>): boolean => symmetric.some((s) => s.size > 1)

/**
 * Whether symmetry takes less time than the full search. To find the least of two permutations of a state and to check
 * that model code treats them alike takes longer than to search twice as many states: 1.0 to 1.8 times in eleven
 * scenarios of 1,000 to 140,000 states, 1.2 times in one of 3.3 million. With more permutations it saves time.
 */
export function savesTime({ symmetric }: Pick<System, 'symmetric'>): boolean {
  const sizes = [...new Set(symmetric)].map(({ size }) => size).filter((size) => size > 1)
  return sizes.length > 1 || sizes.some((size) => size > 2)
}

/** The reductions of one search. */
export interface Reductions {
  readonly asked: Reduce
  readonly stage: Stage
  readonly symmetry: Symmetry | null
  readonly partialOrder: PartialOrder | null
  report(states: number): ReductionReport
  /** Refused claims and counters, for a checkpoint. */
  state(): ReductionState
  /** Restores the state of a checkpoint. @param lengths of the compressed paths, in steps. */
  restore(state: ReductionState, lengths: Uint16Array): void
}

/** No reductions. */
export const UNREDUCED: Reductions = {
  asked: 'none',
  stage: 'main',
  symmetry: null,
  partialOrder: null,
  report: () => NOTHING_REDUCED,
  state: () => ({ refused: [], symmetry: null, partialOrder: null }),
  restore: () => {},
}

/** What a search is reduced for. */
export interface Reducible {
  readonly system: System
  readonly properties: readonly Property<never>[]
  readonly predicates: readonly Predicate[]
}

/** The sorts that the model claims to be symmetric. A search that finds a claim false refuses it. */
export class SymmetryClaims {
  /** Those that may still be used. */
  sorts: readonly Sort[]
  readonly refused: Refusal[] = []
  readonly notApplied: NotApplied[] = []

  constructor({ name, symmetric }: Pick<System, 'name' | 'symmetric'>, asked: Reduce) {
    const isWanted = asked === 'symmetry' || asked === 'all'
    this.sorts = isWanted ? symmetric.filter((s) => s.size > 1) : []
    if (isWanted && this.sorts.length === 0) this.notApplied.push({ kind: 'nothing-symmetric', system: name })
  }

  /** Excludes a sort from the searches that follow. */
  refuse(refusal: Refusal): void {
    if (this.refused.some(({ sort }) => sort === refusal.sort)) return
    this.refused.push(refusal)
    this.notApplied.push({ kind: 'asymmetric', why: refusal.why })
    this.sorts = this.sorts.filter(({ name }) => name !== refusal.sort)
  }

  /** Whether every claim refused so far is among the earlier ones. */
  areKnownTo(earlier: readonly Refusal[]): boolean {
    return this.refused.every(({ sort }) => earlier.some((b) => b.sort === sort))
  }
}

/** The part of a search result that decides about another strategy. */
interface Outcome {
  readonly complete: boolean
  readonly incompleteReason: StopReason | null
  readonly properties: readonly { readonly verdict: string }[]
}

/** Whether a limit on its size ended the search before it found a violation. */
export function isTooLarge({ complete, incompleteReason, properties }: Outcome): boolean {
  if (complete || properties.some(({ verdict }) => verdict === 'violated')) return false
  return isSize(incompleteReason)
}

/**
 * The more informative of two results: of a search that was too large, and of the retry with more reductions. If the
 * retry was inconclusive for a reason other than size, the first result is returned with that reason.
 */
export function better<R extends Outcome>(first: R, second: R): R {
  const { complete, incompleteReason, properties } = second
  if (complete || properties.some(({ verdict }) => verdict === 'violated')) return second
  if (incompleteReason?.kind === 'retry-too-slow')
    return { ...first, incompleteReason: { ...incompleteReason, first: first.incompleteReason } }
  return isSize(incompleteReason) ? first : { ...first, incompleteReason }
}

/** Sets up the reductions of one search, with the claims not refused so far. */
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
