import { describe, expect, it } from 'vitest'
import { properties } from '../../properties/index.ts'
import { scenarios } from '../scenarios/index.ts'
import { designs } from './index.ts'

/**
 * Entries of the bug catalogue that must be found by name: their number, or where the documents give that
 * number to something else as well (H1, H2, H3), their name.
 */
const CATALOGUE = [
  ...['A1', 'A2', 'A3', 'A4', 'A5', 'A6', 'A7', 'A8', 'A9', 'A10', 'A11', 'A12', 'A13'],
  ...['C1', 'C2', 'C3', 'C4', 'C5', 'C7', 'C8', 'C9', 'C10', 'C11', 'C12'],
  ...['H4'],
  ...['prefault-obsolete-root-spin', 'write-to-own-page-table-loop', 'readonly-huge-spte-write-loop'],
  ...['F1', 'F2', 'F3', 'F4'],
  ...['N1', 'N1-mutant', 'N4', 'N4-ack', 'N4-flush', 'N5', 'N5-mutant'],
]

describe('names', () => {
  it.each([
    ['design', designs],
    ['scenario', scenarios],
    ['property', properties],
  ])('mean one %s only', (_kind, all) => {
    const names = all.flatMap(({ id, aliases = [] }) => [id, ...aliases].map((name) => name.toLowerCase()))
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([])
  })

  it.each(CATALOGUE)('include %s of the bug catalogue', (name) => {
    expect(designs.filter((d) => d.aliases.includes(name))).toHaveLength(1)
  })
})
