import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { kernels } from '../../model/kernels/kernels.ts'
import type { Checker } from '../cli/checker.ts'
import { catalogue } from '../cli/kvm-catalogue.ts'
import { builtModelHash, packageInfo } from '../cli/package-info.ts'
import { type CommitDiagram, commitDiagram, MOST_ROWS } from './diagrams.ts'
import { cellOf, checkedInKnown } from './known.ts'
import { LONG_DIAGRAMS } from './long-diagrams.ts'

// `npm run diagrams` draws all counterexamples that are kept as texts for commit messages, lists those that are long, and
// exits 1 when one could not be pasted, or when those are not the ones in `LONG_DIAGRAMS`. `--out DIR` keeps the texts,
// `--kernel 6.1` and `--only TEXT` draw those of a kernel, and of cells with that in their names.

const { values } = parseArgs({
  options: {
    out: { type: 'string' },
    kernel: { type: 'string' },
    only: { type: 'string', multiple: true },
  },
})
const { only, out } = values
const checker: Checker = { catalogue, version: packageInfo().version, modelHash: builtModelHash }
const newest = kernels.at(-1)?.id

interface Drawn extends Omit<CommitDiagram, 'text'> {
  readonly title: string
  /** Property and cell. */
  readonly name: string
  readonly steps: number
}

const found: Drawn[] = []
for (const { id: kernel } of kernels) {
  if (values.kernel !== undefined && values.kernel !== kernel) continue
  const file = checkedInKnown(kernel === newest ? undefined : kernel)
  for (const known of file.counterexamples) {
    const cell = cellOf(known)
    if (only?.every((text) => !cell.includes(text)) === true) continue
    const { text, rows, flaws } = commitDiagram(checker, file, known)
    if (out !== undefined) {
      mkdirSync(out, { recursive: true })
      writeFileSync(join(out, `${known.id}.txt`), text)
    }
    const title = `${known.id} ${known.property}: ${cell}${kernel === newest ? '' : ` (${kernel})`}`
    const name = `${known.property}: ${cell}`
    found.push({ title, name, rows, steps: known.steps.length, flaws })
    if (process.stderr.isTTY) process.stderr.write(`\r${found.length}`)
  }
}
if (process.stderr.isTTY) process.stderr.write('\n')

for (const { title, flaws } of found) for (const flaw of flaws) console.log(`${title}: ${flaw}`)
const long = found.filter(({ rows }) => rows > MOST_ROWS)
for (const { title, rows, steps } of long) console.log(`${title}: ${rows} rows, ${steps} steps`)
const unlisted = long.filter(({ name }) => !LONG_DIAGRAMS.has(name))
for (const { title } of unlisted) console.log(`${title}: not in long-diagrams.ts`)
const isWhole = values.kernel === undefined && only === undefined
const short = [...LONG_DIAGRAMS.keys()].filter((name) => isWhole && !long.some((each) => each.name === name))
for (const name of short) console.log(`${name}: in long-diagrams.ts, but not long`)
const flawed = found.filter(({ flaws }) => flaws.length > 0).length
const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]
console.log(
  `diagrams: ${found.length} drawn, ${flawed} with flaws, ${long.length} of more than ${MOST_ROWS} rows; ` +
    `median ${median(found.map(({ rows }) => rows))} rows, ${median(found.map(({ steps }) => steps))} steps`,
)
process.exitCode = flawed + unlisted.length + short.length === 0 ? 0 : 1
