import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { designs } from '../../model/designs/index.ts'
import { scenarios } from '../../model/scenarios/index.ts'
import { properties } from '../../properties/index.ts'
import { scenariosOf } from '../cli/catalogue.ts'
import type { Checker } from '../cli/checker.ts'
import { cellName } from '../cli/gate/baseline-file.ts'
import { runCell } from '../cli/gate/cell-run.ts'
import { catalogue } from '../cli/kvm-catalogue.ts'
import { builtModelHash, packageInfo } from '../cli/package-info.ts'
import { checkedInBaseline } from './baseline.ts'
import { type CommitDiagram, diagramsOf, flawsOf, MOST_ROWS, rowsIn } from './diagrams.ts'

// `npm run diagrams` draws the counterexample of every violation of the table that is not deep as text for a commit
// message, lists those that are long, and exits 1 when one could not be pasted; `--out DIR` keeps the texts, and
// `--states N` leaves larger cells out.

const { values } = parseArgs({ options: { out: { type: 'string' }, states: { type: 'string' } } })
const largest = Number(values.states ?? Number.POSITIVE_INFINITY)
const checker: Checker = { catalogue, version: packageInfo().version, modelHash: builtModelHash }
const baseline = checkedInBaseline()

const found: CommitDiagram[] = []
let leftOut = 0
for (const design of designs) {
  for (const scenario of scenariosOf({ scenarios }, design)) {
    if (scenario.deep === true) continue
    const cell = baseline.cells[cellName({ design, scenario })]
    if (!Object.values(cell.properties).some(({ verdict }) => verdict === 'violated')) continue
    if (cell.states > largest) {
      leftOut++
      continue
    }
    found.push(...diagramsOf(checker, runCell(design, scenario, properties, { recheck: 'sample' })))
    if (process.stderr.isTTY) process.stderr.write(`\r${found.length}`)
  }
}
if (process.stderr.isTTY) process.stderr.write('\n')

if (values.out !== undefined) {
  mkdirSync(values.out, { recursive: true })
  for (const { id, text } of found) writeFileSync(join(values.out, `${id}.txt`), text)
}
const title = ({ id, design, scenario, property }: CommitDiagram): string =>
  `${id} ${property}: ${design} in ${scenario}`
let flawed = 0
for (const each of found) {
  const flaws = flawsOf(each.text)
  if (flaws.length > 0) flawed++
  for (const flaw of flaws) console.log(`${title(each)}: ${flaw}`)
}
const long = found.filter(({ text }) => rowsIn(text) > MOST_ROWS)
for (const each of long) console.log(`${title(each)}: ${rowsIn(each.text)} rows, ${each.steps} steps`)
const median = (numbers: readonly number[]): number => numbers.toSorted((a, b) => a - b)[numbers.length >> 1]
console.log(
  `diagrams: ${found.length} drawn, ${flawed} with flaws, ${long.length} of more than ${MOST_ROWS} rows; ` +
    `median ${median(found.map(({ text }) => rowsIn(text)))} rows, ${median(found.map(({ steps }) => steps))} steps` +
    (leftOut === 0 ? '' : `; ${leftOut} larger cells left out`),
)
process.exitCode = flawed === 0 ? 0 : 1
