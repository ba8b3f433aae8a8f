import { describe, expect, it } from 'vitest'
import { kernels } from '../../model/kernels/kernels.ts'
import { readBaseline } from '../cli/gate/baseline-file.ts'
import { catalogue } from '../cli/kvm-catalogue.ts'
import { effort } from '../testing/effort.ts'
import { baselineFile } from './baseline.ts'
import { commitDiagram, MOST_ROWS } from './diagrams.ts'
import { cellOf, checkedInKnown, violationsIn } from './known.ts'
import { LONG_DIAGRAMS } from './long-diagrams.ts'

/** Draws all of them in the long tests, some three minutes of one core, as `npm run diagrams` does. */
const MOST_DRAWN = effort(3, Number.POSITIVE_INFINITY)

const checker = { catalogue, version: '0', modelHash: () => '0'.repeat(16) }
const newest = kernels.at(-1)?.id

const files = kernels.map(({ id }) => {
  const kernel = id === newest ? undefined : id
  return { id, kernel, file: checkedInKnown(kernel) }
})

describe('the counterexamples that are kept', () => {
  // Where this fails: `npm run known`, or `npm run baseline -- --update` after a change of the model.
  it.each(files)('are those of all violations that the baseline of $id records', ({ kernel, file }) => {
    const recorded = violationsIn(readBaseline(baselineFile(kernel)))
    const kept = file.counterexamples.map((each) => {
      const { id, property, steps } = each
      return { id, cell: cellOf(each), property, length: steps.length }
    })
    expect(kept).toEqual(recorded)
  })

  // Each run of the short tests draws others.
  const seed = Number(process.env.MMUCHECK_SEED ?? Math.floor(Math.random() * 1e9))
  const all = files.flatMap(({ kernel, file }) =>
    file.counterexamples.map((known) => ({ id: known.id, cell: cellOf(known), kernel, known })),
  )
  const count = Math.min(MOST_DRAWN, all.length)
  const drawn = Array.from(
    { length: count },
    (_, n) => all[(seed + Math.floor((n * all.length) / count)) % all.length],
  )

  it.each(drawn)(
    '$id of $cell replays, violates its property and can be pasted',
    ({ cell, kernel, known }) => {
      const { flaws, rows } = commitDiagram(checker, { kernel }, known)
      expect(flaws).toEqual([])
      expect(rows).toBeGreaterThan(0)
      if (!LONG_DIAGRAMS.has(`${known.property}: ${cell}`)) expect(rows).toBeLessThanOrEqual(MOST_ROWS)
    },
  )

  it.runIf(MOST_DRAWN >= all.length).each([...LONG_DIAGRAMS.keys()])(
    '%s is as long as it is listed to be',
    (name) => {
      const named = all.filter(({ known, cell }) => `${known.property}: ${cell}` === name)
      const rows = named.map(({ kernel, known }) => commitDiagram(checker, { kernel }, known).rows)
      expect(Math.max(...rows)).toBeGreaterThan(MOST_ROWS)
    },
  )
})
