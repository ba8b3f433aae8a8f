import { describe, expect, it } from 'vitest'
import { designs } from '../../model/designs/index.ts'
import { judgedProperties } from '../../model/designs/judged-properties.ts'
import { scenarios } from '../../model/scenarios/index.ts'
import { properties } from '../../properties/index.ts'
import { findScenario, scenariosOf } from '../cli/catalogue.ts'
import { checkAgainstReference } from '../compile/check-against-reference.ts'
import type { Recording } from '../compile/compiled-system.ts'
import type { SearchResult } from '../search/index.ts'
import { cellName, readBaseline, recordOf } from './baseline.ts'
import { mismatches, runCell } from './verdict-table.ts'

/** What was found in the cells, whose recorded behaviours are all held against xstate's transition(). */
const results: { readonly design: string; readonly result: SearchResult }[] = []

const baseline = readBaseline()

/** Deep scenarios have their own runs. */
const cellsOf = (design: (typeof designs)[number]) =>
  scenariosOf({ scenarios }, design)
    .filter((scenario) => scenario.deep !== true)
    .map((scenario) => ({ id: scenario.id, scenario }))

describe.each(designs)('design $id', (design) => {
  it.each(cellsOf(design))(
    'has the documented verdicts in $id, and every behaviour is xstate’s own',
    ({ scenario }) => {
      let recorded = 0
      const system = scenario.build(design)
      const compare = checkAgainstReference(system)
      const onRecord = (recording: Recording): void => {
        recorded++
        compare(recording)
      }
      const run = runCell(design, scenario, properties, { onRecord }, system)
      results.push({ design: design.id, result: run.result })
      expect(recorded).toBeGreaterThan(0)
      expect(run.result.complete).toBe(true)
      expect(mismatches(run)).toEqual([])
      // A difference that is meant is recorded with `npm run baseline -- --update`.
      expect(recordOf(run)).toEqual(baseline.cells[cellName(run)])
    },
  )

  it('has a thread for each patch that is for one kind of threads only', () => {
    // Any other patch that finds no step is refused when the system is built.
    const limited = design.patches.flatMap((patch) => (patch.in === undefined ? [] : [patch.in]))
    if (limited.length === 0) return
    const kinds = scenariosOf({ scenarios }, design).flatMap((s) =>
      s.build(design).threads.map((t) => t.program.kind),
    )
    for (const kind of limited) expect(kinds, `patch for ${kind}`).toContain(kind)
  })
})

/**
 * A step wherever it is called from, `REQ.1` of any request: a function need not do everything for every
 * caller. `REQ.1[0]`, `REQ.1[1]` are one step for each id that can be chosen.
 */
function ownName(step: string): string {
  return step.slice(step.lastIndexOf('/') + 1).replace(/\[\d+\]/g, '[]')
}

describe('the table as a whole', () => {
  it('has a baseline of every cell and of no other', () => {
    const cells = designs.flatMap((design) =>
      cellsOf(design).map(({ scenario }) => cellName({ design, scenario })),
    )
    expect(Object.keys(baseline.cells)).toEqual(cells)
  })

  it('expects nothing of a property or scenario that is not there', () => {
    for (const design of designs) {
      for (const { scenario, property } of design.expect) {
        expect(design.scenarios, `${design.id} expects something of ${scenario}`).toContain(scenario)
        const found = findScenario({ scenarios }, scenario)
        const { listed, byDefault } = judgedProperties(design, found, properties)
        const checked = [...listed, ...byDefault].map((p) => p.id)
        expect(checked, `${design.id} expects something of ${property} in ${scenario}`).toContain(property)
      }
    }
  })

  it('expects witnesses to be reached or not, and of no other property so', () => {
    for (const { id, adds, expect: expected } of designs) {
      for (const { scenario, property, verdict } of expected) {
        const isWitness =
          [...properties, ...(adds?.properties ?? [])].find((p) => p.id === property)?.kind === 'witness'
        const isOfAWitness = verdict === 'reached' || verdict === 'not-reached'
        expect(isOfAWitness, `${id} expects of ${property} in ${scenario}: ${verdict}`).toBe(isWitness)
      }
    }
  })

  it('says once what is expected of a cell, and why where it is that nothing is judged', () => {
    for (const { id, expect: expected } of designs) {
      const cells = expected.map(({ scenario, property }) => `${id} ${scenario} ${property}`)
      expect(cells.filter((cell, at) => cells.indexOf(cell) !== at)).toEqual([])
      for (const { verdict, note } of expected)
        if (verdict === 'vacuous' || verdict === 'not-reached') expect(note?.trim()).not.toBe('')
    }
  })

  it('has something to judge for each property under upstream, in some scenario', () => {
    const base = results.filter(({ design }) => design === 'upstream')
    const judged = new Set(
      base.flatMap(({ result }) => result.properties.filter((r) => r.antecedent > 0).map((r) => r.id)),
    )
    expect(properties.map((p) => p.id).filter((id) => !judged.has(id))).toEqual([])
  })

  it('has a design that breaks each property, or it would prove nothing', () => {
    const broken = new Set(designs.flatMap((d) => d.expect.map((e) => e.property)))
    // A scenario breaks this one, not a design (out-of-bounds.test.ts).
    broken.add('scenario-has-enough-shadow-pages')
    const unbroken = properties.filter((p) => p.kind !== 'witness' && !broken.has(p.id)).map((p) => p.id)
    expect(unbroken).toEqual([])
  })

  it('takes every step under some design, from some caller', () => {
    const taken = new Map<string, number>()
    for (const { result } of results) {
      for (const [step, count] of result.steps) {
        const name = ownName(step)
        taken.set(name, (taken.get(name) ?? 0) + count)
      }
    }
    expect([...taken].filter(([, count]) => count === 0).map(([step]) => step)).toEqual([])
  })
})
