import { quoted } from '../../../model/language/quoted.ts'
import type { Baseline } from '../gate/baseline-file.ts'
import type { ReportFile } from './necessity.ts'

/** What a property notices beside the others, of all designs that are recorded as wrong. */
export interface Kills {
  readonly property: string
  /** The cells in which it is violated, `DESIGN in SCENARIO`. */
  readonly cells: readonly string[]
  /** Those of them in which no other property is violated. */
  readonly alone: readonly string[]
  /** Without such a cell: the properties that are violated wherever it is. */
  readonly coveredBy: readonly string[]
  /** Without either: properties that together are violated wherever it is, as few as are found by taking the best one first. */
  readonly together: readonly string[]
}

/**
 * For each property that is violated anywhere, whether it notices something that no other notices.
 * @param baseline every design in its scenarios, with all violations.
 */
export function killsOf({ cells }: Pick<Baseline, 'cells'>): Kills[] {
  const violatedIn = new Map<string, Set<string>>()
  const byCell = new Map<string, string[]>()
  for (const [cell, { properties }] of Object.entries(cells)) {
    const violated = Object.entries(properties).flatMap(([id, { verdict }]) =>
      verdict === 'violated' ? [id] : [],
    )
    byCell.set(cell, violated)
    for (const id of violated) violatedIn.set(id, (violatedIn.get(id) ?? new Set()).add(cell))
  }
  return [...violatedIn]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([property, own]) => {
      const alone = [...own].filter((cell) => byCell.get(cell)?.length === 1)
      const others = [...violatedIn].filter(([id]) => id !== property)
      const coveredBy = others
        .filter(([, theirs]) => [...own].every((cell) => theirs.has(cell)))
        .map(([id]) => id)
      return {
        property,
        cells: [...own],
        alone,
        coveredBy: alone.length > 0 ? [] : coveredBy,
        together: alone.length > 0 || coveredBy.length > 0 ? [] : cover(own, others),
      }
    })
}

/** Properties whose cells contain all of these, each time the one with most of what is left. */
function cover(
  cells: ReadonlySet<string>,
  others: readonly (readonly [string, ReadonlySet<string>])[],
): string[] {
  const chosen: string[] = []
  const left = new Set(cells)
  while (left.size > 0) {
    const counted = others.map(([id, theirs]) => [id, [...left].filter((cell) => theirs.has(cell))] as const)
    const [id, covered] = counted.reduce((best, each) => (each[1].length > best[1].length ? each : best))
    if (covered.length === 0) throw new Error('a cell in which one property only is violated')
    chosen.push(id)
    for (const cell of covered) left.delete(cell)
  }
  return chosen
}

/** `84 of 111 properties notice a wrong design that no other notices; 27 are redundant`. */
export function killsLine(kills: readonly Kills[]): string {
  const needed = kills.filter(({ alone }) => alone.length > 0).length
  return `${needed} of ${kills.length} properties notice something that no other notices, ${kills.length - needed} are redundant`
}

/** The report on properties, as a Markdown file. @param never properties that nothing violates. */
export function killsReport(kills: readonly Kills[], never: readonly string[]): ReportFile {
  const rows = kills.map(({ property, cells, alone, coveredBy, together }) => {
    const why =
      alone.length > 0
        ? `needed: alone in ${alone.slice(0, 3).join(', ')}${alone.length > 3 ? ` and ${alone.length - 3} more` : ''}`
        : coveredBy.length > 0
          ? `redundant: ${coveredBy.join(' or ')} is violated wherever it is`
          : `redundant: ${together.join(', ')} together are violated wherever it is`
    return `| ${quoted(property)} | ${cells.length} | ${why} |`
  })
  const text = [
    '# Which properties are needed',
    '',
    'Of every design in its scenarios, as recorded. A property is needed if a wrong design is noticed by it alone. One that',
    'is redundant here may still say best what is wrong, or notice a design that is yet to be written.',
    '',
    '| property | violated in | |',
    '|---|---|---|',
    ...rows,
    '',
    ...(never.length === 0
      ? []
      : [`Nothing recorded violates: ${never.map((id) => quoted(id)).join(', ')}.`, '']),
  ]
  return { name: 'properties.md', text: text.join('\n') }
}
