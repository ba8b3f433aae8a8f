import type { ActionProperty, Property } from '../../model/language/property.ts'
import type { Sort } from '../../model/language/shapes.ts'
import type { System } from '../../model/language/system.ts'
import type { Question } from '../compile/predicates.ts'
import { isSize, type StopReason } from '../search/stop-reason.ts'
import { PartialOrder, type PartialOrderReport } from './partial-order/partial-order.ts'
import type { ReductionState, Refusal } from './reduction-state.ts'
import { AsymmetryError } from './symmetry/asymmetry.ts'
import { Symmetry, type SymmetryReport } from './symmetry/symmetry.ts'

/**
 * What to leave out of a search. `symmetry` insists, and ends in an error where it is not sound. `all` takes
 * what is sound for the system and the properties, and says why it did not take the rest.
 */
export type Reduce = 'none' | 'symmetry' | 'por' | 'all'

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

/**
 * What a search is for. Should `all` have to leave out orders of steps, it has two: `main`, then
 * `partial-order`. Each may take several searches, until one of them stands.
 */
export type Stage = 'main' | 'partial-order'

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
export interface Reducible<W> {
  readonly system: System<W>
  readonly properties: readonly Property<W>[]
  readonly questions: readonly Question[]
}

/** How searches are made, and what interrupted ones left behind. */
export interface Searching<R> {
  /** @param isFirst true for the first search of its stage: only that one goes on from a checkpoint. */
  search(reductions: Reductions, isFirst: boolean): R
  /** The claims of symmetry that the interrupted search of a stage had found false; none without such a search. */
  refusedBefore(stage: Stage): readonly Refusal[]
}

/** What matters here of the result of a search. */
interface Outcome {
  readonly complete: boolean
  readonly incompleteReason: StopReason | null
  readonly properties: readonly { readonly verdict: string }[]
}

/**
 * Runs a search with the reductions asked for.
 *
 * Partial order reduction keeps verdicts but not the lengths of traces. So `all` leaves it out at first, and
 * takes it when the search does not fit into its bounds on states or memory otherwise, for as long as `PATIENCE`
 * says: it takes many times the time, and may never end. When an interrupted
 * run goes on, so does each of its stages: a main search that a bound had ended is ended by it again, at once.
 *
 * Should a claim of symmetry turn out false on the way, `symmetry` fails, and `all` begins anew without that
 * sort.
 * @throws AsymmetryError naming step or property and sort.
 */
export function withReductions<W, R extends Outcome>(
  subject: Reducible<W>,
  asked: Reduce,
  searching: Searching<R>,
): R {
  const { system } = subject
  const notApplied: string[] = []
  const refused: Refusal[] = []
  const wanted = asked === 'symmetry' || asked === 'all'
  let sorts: readonly Sort[] = wanted ? system.symmetric.filter((s) => s.size > 1) : []
  if (wanted && sorts.length === 0) {
    notApplied.push(`symmetry: ${system.name} declares no sort of several interchangeable ids`)
  }
  const refuse = (refusal: Refusal): void => {
    if (refused.some(({ sort }) => sort === refusal.sort)) return
    refused.push(refusal)
    notApplied.push(`symmetry: ${refusal.why}`)
    sorts = sorts.filter(({ name }) => name !== refusal.sort)
  }
  const attempt = (stage: Stage, withPartialOrder: boolean, reasons: readonly string[]): R => {
    const before = searching.refusedBefore(stage)
    // A search that took a claim for true that was refused since cannot go on.
    let isFirst = refused.every(({ sort }) => before.some((b) => b.sort === sort))
    if (isFirst) before.forEach(refuse)
    for (;;) {
      try {
        const told = { asked, stage, refused, notApplied: [...notApplied, ...reasons] }
        const reductions = reductionsOf(subject, sorts, withPartialOrder, told)
        return searching.search(reductions, isFirst)
      } catch (error) {
        if (asked !== 'all' || !(error instanceof AsymmetryError)) throw error
        refuse({ sort: error.sort.name, why: error.message })
        isFirst = false
      }
    }
  }
  if (asked === 'none' || asked === 'symmetry') return attempt('main', false, [])
  if (asked === 'por') return attempt('main', true, [])
  const first = attempt('main', false, ['por: not needed, and without it traces are shortest'])
  if (!isTooLarge(first)) return first
  return better(first, attempt('partial-order', true, []))
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

/** What the reductions of a search are told about it. */
interface Told extends Pick<Reductions, 'asked' | 'stage'> {
  readonly refused: readonly Refusal[]
  readonly notApplied: readonly string[]
}

function reductionsOf<W>(
  { system, properties, questions }: Reducible<W>,
  sorts: readonly Sort[],
  withPartialOrder: boolean,
  { asked, stage, refused, notApplied }: Told,
): Reductions {
  const actions = properties.filter((p) => p.kind === 'action') as unknown as ActionProperty<never>[]
  const symmetry = sorts.length === 0 ? null : new Symmetry(system as System, sorts, actions, questions)
  const partialOrder = withPartialOrder ? new PartialOrder() : null
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
      refused: [...refused],
      symmetry: symmetry?.state() ?? null,
      partialOrder: partialOrder?.state() ?? null,
    }),
    restore: (state, lengths) => {
      if (state.symmetry !== null) symmetry?.restore(state.symmetry)
      if (state.partialOrder !== null) partialOrder?.restore(state.partialOrder, lengths)
    },
  }
}
