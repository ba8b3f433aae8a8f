import { describe, expect, it } from 'vitest'
import { designs } from '../../model/designs/index.ts'
import { scenarios } from '../../model/scenarios/index.ts'
import { properties } from '../../properties/index.ts'
import { scenariosOf } from '../cli/catalogue.ts'
import { contradictions } from '../reduce/self-check.ts'
import { runCell } from './verdict-table.ts'

/** Partial order reduction is tried where the full search is quick: it makes more of every state. */
const SMALL = 25_000

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

  it.each(cells)('$name', ({ scenario, design }) => {
    const full = runCell(design, scenario, properties, { reduce: 'none' })
    expect(full.result.complete).toBe(true)
    const all = runCell(design, scenario, properties, { reduce: 'all' })
    expect(verdicts(all)).toEqual(verdicts(full))
    expect(contradictions(all.result, full.result)).toEqual([])
    if (full.result.states > SMALL) return
    const por = runCell(design, scenario, properties, { reduce: 'por' })
    expect(verdicts(por)).toEqual(verdicts(full))
    expect(contradictions(por.result, full.result)).toEqual([])
  })
})
