import { describe, expect, it } from 'vitest'
import { judgedProperties } from '../../model/designs/judged-properties.ts'
import { kernels } from '../../model/kernels/kernels.ts'
import { properties } from '../../properties/index.ts'
import { findScenario, scenariosOf } from '../cli/catalogue.ts'
import { cellName, recordOf } from '../cli/gate/baseline-file.ts'
import { mismatches, neverTaken, runCellAgainstReference } from '../cli/gate/cell-run.ts'
import { effort } from '../testing/effort.ts'
import { checkedInBaseline } from './baseline.ts'
import { kernelCells, ofKernel } from './kernel-cells.ts'

/** Larger cells are searched by `npm run baseline -- --check`, which asks the same of them. */
const SMALL = effort(1_500, 15_000)

/** The same on older kernels, most of whose steps are those of the newest one. */
const SMALL_OLDER = effort(800, 6_000)

const { designs, scenarios } = ofKernel()
const baseline = checkedInBaseline()

/** Deep scenarios have their own runs. */
const cellsOf = (design: (typeof designs)[number]) =>
  scenariosOf({ scenarios }, design)
    .filter((scenario) => scenario.deep !== true)
    .map((scenario) => ({ id: scenario.id, scenario }))

const isSmall = (design: (typeof designs)[number], { scenario }: { scenario: (typeof scenarios)[number] }) =>
  (baseline.cells[cellName({ design, scenario })]?.states ?? 0) <= SMALL

describe.each(designs)('design $id', (design) => {
  it.each(cellsOf(design).filter((cell) => isSmall(design, cell)))(
    'has the documented verdicts in $id, and every behaviour is xstate’s own',
    ({ scenario }) => {
      const run = runCellAgainstReference(design, scenario, properties)
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
    const judged = new Set(
      cellsOf(designs[0]).flatMap(({ scenario }) =>
        Object.entries(baseline.cells[cellName({ design: designs[0], scenario })].properties).flatMap(
          ([id, { antecedent }]) => (antecedent > 0 ? [id] : []),
        ),
      ),
    )
    expect(properties.map((p) => p.id).filter((id) => !judged.has(id))).toEqual([])
  })

  it('has a design that breaks each property, or it would prove nothing', () => {
    const broken = new Set(designs.flatMap((d) => d.expect.map((e) => e.property)))
    const unbroken = properties.filter((p) => p.kind !== 'witness' && !broken.has(p.id)).map((p) => p.id)
    expect(unbroken).toEqual([])
  })

  it('notices a step that no search takes', () => {
    const searches = [
      new Map([
        ['A.1', 0],
        ['f/A.2[0]', 0],
        ['f/A.3', 0],
        ['kind.f/A.4', 0],
      ]),
      new Map([
        ['A.2[1]', 1],
        ['g/A.3', 2],
        ['other.A.4', 1],
      ]),
    ]
    expect(neverTaken(searches)).toEqual(['A.1'])
  })
})

describe.each(kernels.slice(0, -1).map(({ id }) => id))('kernel %s', (kernel) => {
  const cells = kernelCells(kernel)
  const small = cells.filter((cell) => (baseline.cells[cellName(cell)]?.states ?? 0) <= SMALL_OLDER)

  it('has cells whose steps differ', () => {
    expect(cells.length).toBeGreaterThan(10)
    expect(small).not.toEqual([])
  })

  it.each(small.map((cell) => [cellName(cell), cell] as const))(
    'has the expected verdicts of %s, and every behaviour is xstate’s own',
    (_, { design, scenario }) => {
      const run = runCellAgainstReference(design, scenario, properties)
      expect(run.result.complete).toBe(true)
      expect(mismatches(run)).toEqual([])
    },
  )
})
