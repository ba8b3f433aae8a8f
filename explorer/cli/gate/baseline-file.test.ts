import { describe, expect, it } from 'vitest'
import { designs } from '../../../model/designs/index.ts'
import { scenarios } from '../../../model/scenarios/index.ts'
import { properties } from '../../../properties/index.ts'
import {
  type Baseline,
  differences,
  FORMAT,
  formatBaseline,
  mergedCells,
  parseBaseline,
  recordOf,
} from './baseline-file.ts'
import { runCell } from './cell-run.ts'

const holds = { verdict: 'holds', antecedent: 5 } as const
const violated = { verdict: 'violated', antecedent: 5, length: 7, counterexample: 'ce-0123abcd' } as const
const counts = { states: 10, transitions: 20, depth: 3, deadlocks: 0 }
const baselineOf = (cells: Baseline['cells']): Baseline => ({ format: FORMAT, cells })
const before = baselineOf({ 'd in s': { ...counts, properties: { p: holds, q: violated } } })

describe('the baseline file', () => {
  it('reads as it was written, one line for each property', () => {
    const text = formatBaseline(before)
    expect(parseBaseline(text)).toEqual(before)
    expect(text).toContain('\n        "p": { "verdict": "holds", "antecedent": 5 },\n')
    expect(parseBaseline(formatBaseline(baselineOf({})))).toEqual(baselineOf({}))
  })

  it.each([
    ['another format', { ...before, format: 'mmucheck-baseline/2' }],
    ['an unknown member', { ...before, more: 1 }],
    [
      'an unknown verdict',
      baselineOf({ c: { ...counts, properties: { p: { ...holds, verdict: 'x' as never } } } }),
    ],
  ])('is refused with %s', (_, wrong) => {
    expect(() => parseBaseline(JSON.stringify(wrong))).toThrow(/^not a baseline file: /)
  })
})

describe('an update of some cells', () => {
  const cell = (states: number) => ({ ...counts, states, properties: {} })

  it('keeps what was recorded of the others, in the order of the catalogue', () => {
    const recorded = { 'd in gone': cell(1), 'd in b': cell(2), 'd in a': cell(3) }
    const merged = mergedCells(['d in a', 'd in b', 'd in new', 'd in c'], recorded, {
      'd in new': cell(4),
      'd in b': cell(5),
    })
    expect(Object.entries(merged)).toEqual([
      ['d in a', cell(3)],
      ['d in b', cell(5)],
      ['d in new', cell(4)],
    ])
  })
})

describe('differences between baselines', () => {
  it('are none between equal ones', () => {
    expect(differences(before, structuredClone(before))).toEqual([])
  })

  it('name the cell and show the lines before and now', () => {
    const now = baselineOf({ 'd in s': { ...counts, depth: 4, properties: { p: violated, q: violated } } })
    expect(differences(before, now)).toEqual([
      'd in s',
      '  - 10 states, 20 transitions, depth 3, 0 deadlocks',
      '  - p: holds, judged 5 times',
      '  + 10 states, 20 transitions, depth 4, 0 deadlocks',
      '  + p: violated, judged 5 times, 7 steps (ce-0123abcd)',
    ])
  })

  it('show cells and properties that came or went', () => {
    expect(differences(before, baselineOf({}))).toHaveLength(4)
    expect(differences(baselineOf({}), before)[1]).toMatch(/^ {2}\+ 10 states/)
    const fewer = baselineOf({ 'd in s': { ...counts, properties: { q: violated } } })
    expect(differences(before, fewer)).toEqual(['d in s', '  - p: holds, judged 5 times'])
  })
})

describe('the record of a cell', () => {
  const [design] = designs.filter((d) => d.id === 'prev-roots-tested-by-current')
  const [scenario] = scenarios.filter((s) => s.id === 'roots-zap-all')

  it('refuses a search that did not finish', () => {
    const run = runCell(design, scenario, properties, { maxStates: 100 })
    expect(() => recordOf(run)).toThrow(/incomplete/)
  })
})
