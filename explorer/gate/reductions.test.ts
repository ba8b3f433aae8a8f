import { describe, expect, it } from 'vitest'
import { designs } from '../../model/designs/index.ts'
import { scenarios } from '../../model/scenarios/index.ts'
import { properties } from '../../properties/index.ts'
import { scenariosOf } from '../cli/catalogue.ts'
import { cellName } from '../cli/gate/baseline-file.ts'
import { runCell } from '../cli/gate/cell-run.ts'
import type { Reduce } from '../reduce/index.ts'
import { contradictions } from '../reduce/self-check.ts'
import { effort } from '../testing/effort.ts'
import { checkedInBaseline } from './baseline.ts'

/** Partial order reduction is tried where the full search is quick: it makes more of every state. */
const SMALL = effort(500, 5_000)

/** Largest full search that symmetry is compared with. */
const SYMMETRIC = effort(3_000, Number.POSITIVE_INFINITY)

const baseline = checkedInBaseline()

/** What is compared of a run. */
interface Judged {
  readonly result: {
    readonly properties: readonly { readonly id: string; readonly verdict: string }[]
  }
}

const verdicts = ({ result }: Judged): string[] =>
  result.properties.map(({ id, verdict }) => `${id} ${verdict}`)

/** One design that violates something in each scenario, besides upstream: both verdicts are compared. */
const cells = scenarios
  .filter((scenario) => scenario.deep !== true)
  .flatMap((scenario) => {
    const failing = designs.find(
      (d) =>
        d.expect.some((e) => e.scenario === scenario.id) && scenariosOf({ scenarios }, d).includes(scenario),
    )
    return [designs[0], ...(failing === undefined ? [] : [failing])].map((design) => ({
      name: `${scenario.id} with ${design.id}`,
      scenario,
      design,
    }))
  })

describe('a reduced search has the verdicts of the full one', () => {
  it('is asked of upstream first', () => expect(designs[0].id).toBe('upstream'))

  let symmetric = 0

  it.each(cells)('$name', ({ scenario, design }) => {
    const { states } = baseline.cells[cellName({ design, scenario })]
    if (states > Math.max(SMALL, SYMMETRIC)) return
    const system = scenario.build(design)
    const search = (reduce: Reduce) =>
      // That all recordings are repeated is for the verdict table.
      runCell(design, scenario, properties, { reduce, recheck: 'sample' }, system)
    const isSymmetric = system.symmetric.some(({ size }) => size > 1)
    // Without symmetry `all` is the full search, unless that does not fit.
    if (states > (isSymmetric ? SYMMETRIC : SMALL)) return
    if (isSymmetric) symmetric++
    const full = search('none')
    expect(full.result.complete).toBe(true)
    expect(full.result.states).toBe(states)
    if (isSymmetric) {
      // `all` leaves symmetry out where it takes longer than it saves.
      const reduced = search('symmetry')
      expect(reduced.result.reduction.symmetry).not.toBeNull()
      expect(verdicts(reduced)).toEqual(verdicts(full))
      expect(contradictions(reduced.result, full.result)).toEqual([])
    }
    if (states > SMALL) return
    const por = search('por')
    expect(verdicts(por)).toEqual(verdicts(full))
    expect(contradictions(por.result, full.result)).toEqual([])
  })

  it('was asked of systems with symmetry', () => expect(symmetric).toBeGreaterThan(effort(1, 10)))
})
