import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Known, KnownFile } from '../../counterexamples/known-file.ts'
import { readKnown } from '../../counterexamples/known-file.ts'
import { kernels } from '../../model/kernels/kernels.ts'
import { packageFolder } from '../bench/model-source.ts'
import type { Baseline } from '../cli/gate/baseline-file.ts'
import { cellName } from '../cli/gate/baseline-file.ts'

/** Path of the counterexamples of a kernel in the checkout; undefined for the newest. */
export function knownFile(kernel?: string): string {
  return join(packageFolder(), 'counterexamples', 'known', `${kernel ?? kernels.at(-1)?.id}.json`)
}

/** The counterexamples that are kept of a kernel; none where there is no file yet. */
export function checkedInKnown(kernel?: string): KnownFile {
  const file = knownFile(kernel)
  return existsSync(file) ? readKnown(file) : { kernel, counterexamples: [] }
}

/** A violation that a baseline records: what was violated where, and the id of its counterexample. */
export interface RecordedViolation {
  readonly id: string
  readonly cell: string
  readonly property: string
  readonly length: number
}

/** The violations that a baseline records, in its order. */
export function violationsIn({ cells }: Pick<Baseline, 'cells'>): RecordedViolation[] {
  return Object.entries(cells).flatMap(([cell, { properties }]) =>
    Object.entries(properties).flatMap(([property, { verdict, counterexample, length }]) =>
      verdict === 'violated' && counterexample !== undefined && length !== undefined
        ? [{ id: counterexample, cell, property, length }]
        : [],
    ),
  )
}

/** The cell of a counterexample, as a baseline names it. */
export const cellOf = ({ design, scenario }: Pick<Known, 'design' | 'scenario'>): string =>
  cellName({ design: { id: design }, scenario: { id: scenario } })

/** The counterexamples of the violations that a baseline records, in its order; others are left out. */
export function keptFor(baseline: Pick<Baseline, 'cells'>, found: Iterable<Known>): Known[] {
  const byId = new Map([...found].map((known) => [known.id, known]))
  return violationsIn(baseline).flatMap(({ id }) => byId.get(id) ?? [])
}
