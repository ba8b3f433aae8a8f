import { describe, expect, it } from 'vitest'
import { designs } from '../../model/designs/index.ts'
import { scenarios } from '../../model/scenarios/index.ts'
import { properties } from '../../properties/index.ts'
import { scenariosOf } from '../cli/catalogue.ts'
import { cellName } from '../cli/gate/baseline-file.ts'
import { runCell } from '../cli/gate/cell-run.ts'
import { catalogue } from '../cli/kvm-catalogue.ts'
import { checkedInBaseline } from './baseline.ts'
import { diagramsOf, flawsOf, MOST_ROWS, rowsIn } from './diagrams.ts'

/** `npm run diagrams` draws those of larger cells. */
const SMALL = 700

/** A longer trace may need more rows than a commit message should have. */
const LONG = 100

const checker = { catalogue, version: '0', modelHash: () => '0' }
const baseline = checkedInBaseline()
const cells = designs.flatMap((design) =>
  scenariosOf({ scenarios }, design).flatMap((scenario) => {
    const name = cellName({ design, scenario })
    const { states, properties: found } = baseline.cells[name] ?? { states: Infinity, properties: {} }
    const isViolated = Object.values(found).some(({ verdict }) => verdict === 'violated')
    return isViolated && states <= SMALL ? [{ name, design, scenario }] : []
  }),
)

describe('the diagrams of small cells', () => {
  it('are of several designs', () => expect(cells.length).toBeGreaterThan(10))

  it.each(cells)('can be pasted into a commit message: $name', ({ design, scenario }) => {
    const drawn = diagramsOf(checker, runCell(design, scenario, properties, { recheck: 'sample' }))
    const violated = Object.values(baseline.cells[cellName({ design, scenario })].properties).filter(
      ({ verdict }) => verdict === 'violated',
    )
    expect(drawn.map(({ id }) => id).sort()).toEqual(violated.map((v) => v.counterexample).sort())
    for (const { text, steps } of drawn) {
      expect(flawsOf(text)).toEqual([])
      if (steps <= LONG) expect(rowsIn(text)).toBeLessThanOrEqual(MOST_ROWS)
      expect(rowsIn(text)).toBeGreaterThan(0)
    }
  })
})

describe('a text that cannot be pasted', () => {
  it.each([
    ['tab', 'a\tb', 'a character that is not printable ASCII'],
    ['letter outside ASCII', 'caf\u00e9', 'a character that is not printable ASCII'],
    ['long line', `ok\n${'x'.repeat(76)}`, 'line 2 has 76 columns'],
    ['trailing blank', 'a \nb', 'line 1 ends with a blank'],
  ])('has a %s', (_, text, flaw) => expect(flawsOf(text)).toEqual([flaw]))
})

it('rows are counted from the names of the lanes to the mark', () => {
  expect(
    rowsIn('At the beginning:\n\n  CPU0    CPU1\n  ----    ----\n  a\n          b\n  <--- BUG: p\n'),
  ).toBe(2)
})
