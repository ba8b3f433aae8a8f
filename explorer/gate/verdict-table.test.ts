import { describe, expect, it } from 'vitest'
import { designs } from '../../model/designs/index.ts'
import { scenarios } from '../../model/scenarios/index.ts'
import { properties } from '../../properties/index.ts'
import { checkAgainstReference } from '../compile/reference.ts'
import { cellName, readBaseline, recordOf } from './baseline.ts'
import { mismatches, type Run, runCell, scenariosOf } from './verdict-table.ts'

/** Cells whose recorded behaviours are all held against xstate's transition(), with the search itself. */
const runs: Run<never>[] = []

const baseline = readBaseline()

/** Deep scenarios have their own runs. */
const cellsOf = (design: (typeof designs)[number]) =>
  scenariosOf(design, scenarios)
    .filter((scenario) => scenario.deep !== true)
    .map((scenario) => ({ id: scenario.id, scenario }))

describe.each(designs)('design $id', (design) => {
  it.each(cellsOf(design))(
    'has the documented verdicts in $id, and every behaviour is xstate’s own',
    ({ scenario }) => {
      let recorded = 0
      const system = scenario.build(design.patches)
      const compare = checkAgainstReference(system)
      const run = runCell(design, scenario, properties, {
        onRecord: (recording) => {
          recorded++
          compare(recording)
        },
      })
      runs.push(run as unknown as Run<never>)
      expect(recorded).toBeGreaterThan(0)
      expect(run.result.complete).toBe(true)
      expect(mismatches(run)).toEqual([])
      // A difference that is meant is recorded with `npm run baseline -- --update`.
      expect(recordOf(run)).toEqual(baseline.cells[cellName(run)])
    },
  )

  it('has a thread for each patch that is for one kind of threads only', () => {
    // Any other patch that finds no step is refused when the system is built.
    for (const patch of design.patches) {
      if (patch.in === undefined) continue
      const kinds = scenariosOf(design, scenarios).flatMap((s) =>
        s.build([]).threads.map((t) => t.program.kind),
      )
      expect(kinds, `patch for ${patch.in}`).toContain(patch.in)
    }
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
        const checked = scenarios.find((s) => s.id === scenario)?.properties
        expect(checked, `${design.id} expects something of ${property} in ${scenario}`).toContain(property)
      }
    }
  })

  it('has no vacuous property: each antecedent is true somewhere under upstream or a design', () => {
    for (const property of properties) {
      const seen = runs.some((run) =>
        run.result.properties.some((r) => r.property.id === property.id && r.antecedent > 0),
      )
      expect(seen, `${property.id} never had anything to say`).toBe(true)
    }
  })

  it('has a design that breaks each property, or it would prove nothing', () => {
    const broken = new Set(designs.flatMap((d) => d.expect.map((e) => e.property)))
    const unbroken = properties.filter((p) => p.kind !== 'witness' && !broken.has(p.id)).map((p) => p.id)
    expect(unbroken).toEqual([])
  })

  it('takes every step under some design, from some caller', () => {
    const taken = new Map<string, number>()
    for (const { result } of runs) {
      for (const [step, count] of result.steps) {
        const name = ownName(step)
        taken.set(name, (taken.get(name) ?? 0) + count)
      }
    }
    expect([...taken].filter(([, count]) => count === 0).map(([step]) => step)).toEqual([])
  })
})
