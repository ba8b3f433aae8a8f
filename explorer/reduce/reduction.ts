import type { ActionProperty, Property } from '../../model/language/property.ts'
import type { Sort } from '../../model/language/shapes.ts'
import type { System } from '../../model/language/system.ts'
import type { Question } from '../compile/predicates.ts'
import { AsymmetryError } from './equivariance.ts'
import { PartialOrder, type PartialOrderReport } from './partial-order.ts'
import { Symmetry, type SymmetryReport } from './symmetry.ts'

/**
 * What to leave out of a search. `all` takes every reduction that is sound for the system and the properties
 * and says why it did not take another; the rest insist, and end in an error where they are not sound.
 */
export type Reduce = 'none' | 'symmetry' | 'por' | 'all'

/** What was left out of a search, and how much that was. */
export interface ReductionReport {
  readonly asked: Reduce
  /** Null when states were kept under all their names. */
  readonly symmetry: SymmetryReport | null
  /** Null when every enabled step of every state was taken. Traces are then shortest, else they need not be. */
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

/** What a search needs for its reductions. */
export interface Reducible<W> {
  readonly system: System<W>
  readonly properties: readonly Property<W>[]
  readonly questions: readonly Question[]
}

/**
 * Runs a search with the reductions asked for. Should a claim of symmetry turn out false on the way, `symmetry`
 * fails, and `all` begins anew without that sort.
 * @throws AsymmetryError naming step or property and sort.
 */
export function withReductions<W, R extends { readonly complete: boolean }>(
  subject: Reducible<W>,
  asked: Reduce,
  search: (reductions: Reductions) => R,
): R {
  const notApplied: string[] = []
  const wanted = asked === 'symmetry' || asked === 'all'
  let sorts: readonly Sort[] = wanted ? subject.system.symmetric.filter((s) => s.size > 1) : []
  if (wanted && sorts.length === 0) {
    notApplied.push(`symmetry: ${subject.system.name} declares no sort of several interchangeable ids`)
  }
  for (;;) {
    try {
      const reductions = reductionsOf(subject, asked, sorts, notApplied)
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

function reductionsOf<W>(
  { system, properties, questions }: Reducible<W>,
  asked: Reduce,
  sorts: readonly Sort[],
  notApplied: readonly string[],
): Reductions {
  const actions = properties.filter((p) => p.kind === 'action') as unknown as ActionProperty<never>[]
  const symmetry = sorts.length === 0 ? null : new Symmetry(system as System, sorts, actions, questions)
  const wanted = asked === 'por' || asked === 'all'
  const why = wanted ? whyNoPartialOrder(system) : null
  const partialOrder =
    wanted && why === null ? new PartialOrder(system as System, questions.length, symmetry) : null
  const reasons = why === null ? [...notApplied] : [...notApplied, `por: ${why}`]
  return {
    symmetry,
    partialOrder,
    report: (states) => {
      const report = symmetry?.report() ?? null
      const factor = report === null ? 1 : report.represented / states
      const ordered = partialOrder?.report() ?? null
      return { asked, symmetry: report, partialOrder: ordered, factor, notApplied: reasons }
    },
  }
}

function whyNoPartialOrder<W>({ name, threads }: System<W>): string | null {
  if (threads.length < 2) return `${name} has one thread only`
  return threads.length > 30 ? `${name} has more than 30 threads` : null
}
