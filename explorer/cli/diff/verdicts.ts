import type { JudgedCell } from '../gate/judged-cell.ts'
import type { CheckJson } from '../report/result-json.ts'

/** The verdicts of one search, from a search or from a result file. */
export interface CellVerdicts {
  readonly scenario: string
  readonly design: string
  /** The kernel, by id; null for the newest. */
  readonly kernel: string | null
  readonly complete: boolean
  /** Why it is not complete, in words; null if it is. */
  readonly stopped: string | null
  readonly modelError: string | null
  readonly states: number
  readonly transitions: number
  readonly properties: readonly FoundVerdict[]
}

/** What was found of one property. */
export interface FoundVerdict {
  readonly id: string
  readonly verdict: JudgedCell['properties'][number]['verdict']
  /** Steps of the violation, or to the witness; null without. */
  readonly length: number | null
  /** Id of the counterexample; null unless violated. */
  readonly counterexample: string | null
}

/** What a search of the gate found. @param kernel by id; null for the newest. */
export function verdictsOfCell(cell: JudgedCell, kernel: string | null): CellVerdicts {
  const { scenario, design, complete, stopped, modelError, states, transitions } = cell
  const properties = cell.properties.map(({ id, verdict, length, counterexample }) => ({
    id,
    verdict,
    length,
    counterexample,
  }))
  return { scenario, design, kernel, complete, stopped, modelError, states, transitions, properties }
}

/** What a check in a result file found. */
export function verdictsOfCheck(check: CheckJson): CellVerdicts {
  const { scenario, design, kernel, complete, states, transitions } = check
  return {
    scenario,
    design,
    kernel,
    complete,
    stopped: check.incompleteReason,
    modelError: check.modelError?.message ?? null,
    states,
    transitions,
    properties: check.properties.map(({ id, verdict, counterexample }) => ({
      id,
      verdict,
      length: counterexample?.length ?? null,
      counterexample: counterexample?.id ?? null,
    })),
  }
}

/**
 * How a verdict of the first side is to the second:
 *
 * - `introduced`: violated by the second, and not by the first;
 * - `removed`: the other way round, and the second is known not to violate it;
 * - `coverage`: the second has nothing to judge where the first had, or does not reach what the first reaches;
 * - `open`: one of them is not known;
 * - `other`: they differ in another way, or in the length of the shortest violation;
 * - `same`.
 */
export type VerdictChange = 'introduced' | 'removed' | 'coverage' | 'open' | 'other' | 'same'

/** A property on both sides. */
export interface VerdictPair {
  readonly id: string
  /** Null where it is not judged. */
  readonly a: FoundVerdict | null
  readonly b: FoundVerdict | null
  readonly change: VerdictChange
}

/** Nothing to judge. */
const EMPTY: readonly (FoundVerdict['verdict'] | undefined)[] = [
  'vacuous',
  'not-applicable',
  'not-reached',
  undefined,
]

/** The properties of two searches, those of the first in their order. */
export function pairedVerdicts(a: CellVerdicts, b: CellVerdicts): VerdictPair[] {
  const find = ({ properties }: CellVerdicts, id: string): FoundVerdict | null =>
    properties.find((p) => p.id === id) ?? null
  const ids = new Set([...a.properties, ...b.properties].map(({ id }) => id))
  return [...ids].map((id) => {
    const [one, other] = [find(a, id), find(b, id)]
    return { id, a: one, b: other, change: changeOf(one, other) }
  })
}

function changeOf(a: FoundVerdict | null, b: FoundVerdict | null): VerdictChange {
  const [was, is] = [a?.verdict, b?.verdict]
  if (is === 'violated' && was !== 'violated') return 'introduced'
  if (is === 'inconclusive' || was === 'inconclusive') return 'open'
  if (was === is || (EMPTY.includes(was) && EMPTY.includes(is)))
    return was === 'violated' && a?.length !== b?.length ? 'other' : 'same'
  if (EMPTY.includes(is)) return 'coverage'
  return was === 'violated' ? 'removed' : 'other'
}
