import { describe, expect, it } from 'vitest'
import { properties } from '../../properties/index.ts'
import { scenarios } from '../scenarios/index.ts'
import { designs } from './index.ts'

/**
 * Entries of docs/kvm/known-bugs.md that must be found by name: by number, or by title where the number is also
 * that of another item (H1, H2, H3).
 */
const KNOWN_BUGS = [
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
  ])('are unique among each %s', (_kind, all) => {
    const names = all.flatMap(({ id, aliases = [] }) => [id, ...aliases].map((name) => name.toLowerCase()))
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([])
  })

  it.each(KNOWN_BUGS)('include %s of the known bugs', (name) => {
    expect(designs.filter((d) => d.aliases.includes(name))).toHaveLength(1)
  })
})
