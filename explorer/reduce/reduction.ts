import type { ActionProperty, Property } from '../../model/language/property.ts'
import type { Sort } from '../../model/language/shapes.ts'
import type { System } from '../../model/language/system.ts'
import type { Question } from '../compile/predicates.ts'
import { AsymmetryError } from './asymmetry.ts'
import { PartialOrder, type PartialOrderReport } from './partial-order.ts'
import { Symmetry, type SymmetryReport } from './symmetry.ts'

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

/** The reductions of one search. */
export interface Reductions {
  readonly symmetry: Symmetry | null
  readonly partialOrder: PartialOrder | null
  report(states: number): ReductionReport
}

/** The reductions of a search that leaves nothing out. */
export const UNREDUCED: Reductions = { symmetry: null, partialOrder: null, report: () => NOTHING_REDUCED }

/** What a search needs for its reductions. */
export interface Reducible<W> {
  readonly system: System<W>
  readonly properties: readonly Property<W>[]
  readonly questions: readonly Question[]
}

/** What matters here of the result of a search. */
interface Outcome {
  readonly complete: boolean
  readonly incompleteReason: string | null
  readonly properties: readonly { readonly verdict: string }[]
}

/**
 * Runs a search with the reductions asked for.
 *
 * Partial order reduction keeps verdicts but not the lengths of traces. So `all` leaves it out at first, and
 * takes it when the search does not fit into its bounds on states or memory otherwise.
 *
 * Should a claim of symmetry turn out false on the way, `symmetry` fails, and `all` begins anew without that
 * sort.
 * @throws AsymmetryError naming step or property and sort.
 */
export function withReductions<W, R extends Outcome>(
  subject: Reducible<W>,
  asked: Reduce,
  search: (reductions: Reductions) => R,
): R {
  const { system } = subject
  const notApplied: string[] = []
  const wanted = asked === 'symmetry' || asked === 'all'
  let sorts: readonly Sort[] = wanted ? system.symmetric.filter((s) => s.size > 1) : []
  if (wanted && sorts.length === 0) {
    notApplied.push(`symmetry: ${system.name} declares no sort of several interchangeable ids`)
  }
  const attempt = (withPartialOrder: boolean, reasons: readonly string[]): R => {
    for (;;) {
      try {
        const reductions = reductionsOf(subject, asked, sorts, withPartialOrder, [...notApplied, ...reasons])
        for (;;) {
          const result = search(reductions)
          // What an unfinished search found is real, and it claims nothing else.
          if (!result.complete || reductions.partialOrder?.settled !== false) return result
        }
      } catch (error) {
        if (asked !== 'all' || !(error instanceof AsymmetryError)) throw error
        notApplied.push(`symmetry: ${error.message}`)
        sorts = sorts.filter((s) => s !== error.sort)
      }
    }
  }
  if (asked === 'none' || asked === 'symmetry') return attempt(false, [])
  const why = whyNoPartialOrder(system)
  if (asked === 'por') return attempt(why === null, why === null ? [] : [`por: ${why}`])
  const first = attempt(false, [`por: ${why ?? 'not needed, and without it traces are shortest'}`])
  if (why !== null || !isTooLarge(first)) return first
  const second = attempt(true, [])
  return saysMore(second) ? second : first
}

/** True for a search that a bound on its size ended before it found anything wrong. */
export function isTooLarge({ complete, incompleteReason, properties }: Outcome): boolean {
  if (complete || properties.some(({ verdict }) => verdict === 'violated')) return false
  return /--max-states|--memory-limit/.test(incompleteReason ?? '')
}

/** True when a search that was made because another was too large says more than that one did. */
export function saysMore({ complete, properties }: Outcome): boolean {
  return complete || properties.some(({ verdict }) => verdict === 'violated')
}

function reductionsOf<W>(
  { system, properties, questions }: Reducible<W>,
  asked: Reduce,
  sorts: readonly Sort[],
  withPartialOrder: boolean,
  notApplied: readonly string[],
): Reductions {
  const actions = properties.filter((p) => p.kind === 'action') as unknown as ActionProperty<never>[]
  const symmetry = sorts.length === 0 ? null : new Symmetry(system as System, sorts, actions, questions)
  const partialOrder = withPartialOrder ? new PartialOrder(system as System, questions, symmetry) : null
  return {
    symmetry,
    partialOrder,
    report: (states) => {
      const report = symmetry?.report() ?? null
      const factor = report === null ? 1 : report.represented / states
      return { asked, symmetry: report, partialOrder: partialOrder?.report() ?? null, factor, notApplied }
    },
  }
}

function whyNoPartialOrder<W>({ name, threads }: System<W>): string | null {
  if (threads.length < 2) return `${name} has one thread only`
  return threads.length > 30 ? `${name} has more than 30 threads` : null
}
