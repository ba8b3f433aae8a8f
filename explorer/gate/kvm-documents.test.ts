import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { designs } from '../../model/designs/index.ts'
import { questions } from '../../model/designs/questions.ts'
import { differences } from '../../model/kernels/index.ts'
import { scenarios } from '../../model/scenarios/index.ts'
import { properties } from '../../properties/index.ts'

/** The documents of docs/kvm/ name designs and properties; both change, and the documents must follow. */

const folder = join(import.meta.dirname, '..', '..', 'docs', 'kvm')
const documents = new Map(readdirSync(folder).map((file) => [file, readFileSync(join(folder, file), 'utf8')]))
const text = [...documents.values()].join('\n')

const document = (file: string): string => documents.get(file) ?? ''
const quoted = (line: string): string[] => [...line.matchAll(/`([^`\n]+)`/g)].map((match) => match[1])
const names = (all: readonly { id: string; aliases?: readonly string[] }[]): string[] =>
  all.flatMap(({ id, aliases = [] }) => [id, ...aliases])
/** Cells of a table's row. */
const cells = (line: string): string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())
const rows = (part: string): string[][] =>
  part
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| Id'))
    .map(cells)

const known = new Set(names([...designs, ...scenarios, ...properties, ...questions, ...differences]))
const word = (name: string): RegExp => new RegExp(`(?<![\\w-])${name.replaceAll('.', '\\.')}(?![\\w-])`)

describe('docs/kvm', () => {
  it.each([...documents.keys()])('%s names only designs, scenarios and properties that exist', (file) => {
    const ids = quoted(document(file)).filter((name) => /^[a-z0-9]+(-[a-z0-9]+)+$/.test(name))
    // The tool is described there, not what it compares.
    if (file !== 'drift.md') expect(ids.length).toBeGreaterThan(10)
    expect(ids.filter((id) => !known.has(id))).toEqual([])
  })

  it('names every difference between kernels in history.md', () => {
    const unnamed = differences.filter(({ id }) => !document('history.md').includes(`\`${id}\``))
    expect(unnamed).toEqual([])
  })

  it('names every design that was in a kernel or in a mail', () => {
    const real = designs.filter(({ status }) => ['bug', 'before', 'rejected'].includes(status))
    expect(real.length).toBeGreaterThan(50)
    expect(real.filter(({ id }) => !text.includes(`\`${id}\``)).map(({ id }) => id)).toEqual([])
  })

  it('has every number by which a design or a property is known', () => {
    const aliases = [...designs, ...properties].flatMap(({ aliases = [] }) => aliases)
    expect(aliases.filter((alias) => !word(alias).test(text))).toEqual([])
  })
})

describe('docs/kvm/invariants.md', () => {
  const [invariants, calibration] = document('invariants.md').split('## Calibration')
  /** The property of each invariant, by the name in the first column. */
  const checkedBy = new Map(
    rows(invariants).map((row) => [row[0], quoted(row.at(-1) ?? '').filter((name) => known.has(name))]),
  )

  it('gives each property the numbers that it has', () => {
    const wrong = properties.flatMap(({ id, aliases = [] }) =>
      aliases
        .filter(
          (alias) => /^[A-Z]-?\d+$/.test(alias) && alias !== 'N8' && !checkedBy.get(alias)?.includes(id),
        )
        .map((alias) => `${alias}: ${id}`),
    )
    expect(wrong).toEqual([])
  })

  it('names every property that is no witness', () => {
    const all = properties.filter(({ kind }) => kind !== 'witness').map(({ id }) => id)
    expect(all.filter((id) => !invariants.includes(`\`${id}\``))).toEqual([])
  })

  const calibrations = rows(calibration).filter(([id]) => id !== 'B27')

  it('has calibrations', () => expect(calibrations.length).toBeGreaterThan(25))

  it.each(calibrations)('%s: %s breaks what is said', (id, _error, broken, inDesigns) => {
    const meant = designs.filter((design) => quoted(inDesigns).includes(design.id))
    expect(meant, id).not.toEqual([])
    const violated = new Set(
      meant.flatMap(({ expect: all }) =>
        all.filter(({ verdict }) => verdict === 'violated').map(({ property }) => property),
      ),
    )
    const named = [...broken.matchAll(/(?<![\w-])[ILP]-?\d+(?![\w-])/g)].map((match) => match[0])
    expect(named, id).not.toEqual([])
    for (const name of named) {
      expect(
        (checkedBy.get(name) ?? []).some((property) => violated.has(property)),
        `${id}: ${name}`,
      ).toBe(true)
    }
  })
})
