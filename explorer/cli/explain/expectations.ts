import type { Design, Expectation } from '../../../model/designs/design.ts'
import type { Rows } from './rows.ts'

const WORDS: Readonly<Record<Expectation['verdict'], string>> = {
  violated: 'violated',
  holds: 'holds',
  vacuous: 'vacuous (nothing to judge)',
  reached: 'reached',
  'not-reached': 'not reached',
}

/** Rows for each scenario and verdict; one per property that has a note. What is not listed must hold or be reached. */
export function expectations({ expect }: Design<unknown>): Rows {
  const rows = new Map<string, string[]>()
  for (const { scenario, property, verdict, length, note } of expect) {
    const heading = `in ${scenario}, ${WORDS[verdict]}:`
    const steps = length === undefined ? '' : ` (${length} steps)`
    const key = note === undefined ? heading : `${heading} ${note}`
    rows.set(key, [...(rows.get(key) ?? [heading, note ?? '']), property + steps])
  }
  const texts = [...rows.values()].map(
    ([heading, note, ...properties]) =>
      `${heading} ${properties.join(', ')}${note === '' ? '' : `. ${note}`}`,
  )
  const others = texts.length === 0 ? 'every property holds' : 'every other property holds'
  return [...texts, others].map((text, index) => [index === 0 ? 'expected' : '', text] as const)
}
