import { changedSteps } from '../../../model/kernels/changed-steps.ts'
import { type Catalogue, findNamed } from '../catalogue.ts'
import { changeLine } from '../diff/kernel-steps.ts'
import type { Rows } from './rows.ts'

/** A difference between kernels, and the steps that it changes. */
export function aboutDifference({ kernels = [] }: Catalogue, name: string): Rows[] {
  const found = findNamed(
    kernels.flatMap(({ undone }) => undone),
    name,
  )
  if (found === undefined) return []
  const having = kernels.filter(({ undone }) => !undone.some(({ id }) => id === found.id))
  return [
    [
      ['difference', found.id],
      ['is', found.title],
      ['about', found.about],
      [
        'kernel',
        [
          ...(found.commit === undefined ? [] : [`commit ${found.commit}`]),
          found.since,
          `${found.function}()`,
        ].join(', '),
      ],
      ['in', having.map(({ id }) => id).join(', ')],
      ...changedSteps(found).map((step, n): Rows[number] => [n === 0 ? 'steps' : '', changeLine(step)]),
    ],
  ]
}
