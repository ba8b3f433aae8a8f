import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { isMainThread, parentPort, Worker } from 'node:worker_threads'
import { designs } from '../../model/designs/index.ts'
import { scenarios } from '../../model/scenarios/index.ts'
import { properties } from '../../properties/index.ts'
import { replaceFile } from '../checkpoint/index.ts'
import { scenariosOf } from '../cli/catalogue.ts'
import { programFile } from '../program-file.ts'
import {
  BASELINE_FILE,
  type Baseline,
  type BaselineCell,
  cellName,
  differences,
  FORMAT,
  formatBaseline,
  readBaseline,
  recordOf,
} from './baseline.ts'
import { runCell } from './verdict-table.ts'

// `npm run baseline -- --check` compares every cell that is not deep with the checked-in baseline and exits 3
// when one differs; `--update` writes what was found. Both print the differences.

const USAGE = 'mmucheck: usage: npm run baseline -- --check | --update'

const cells = designs.flatMap((design) =>
  scenariosOf({ scenarios }, design)
    .filter((scenario) => scenario.deep !== true)
    .map((scenario) => ({ design, scenario })),
)

const recordCell = (index: number): BaselineCell => {
  const { design, scenario } = cells[index]
  return recordOf(runCell(design, scenario, properties))
}

/** Records all cells, on as many threads as there are cores; each takes the next cell when it is free. */
async function recordAll(): Promise<Baseline> {
  const records: BaselineCell[] = []
  let next = 0
  const drain = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(programFile('baseline'))
      let index = -1
      const give = (): void => {
        index = next++
        if (index < cells.length) worker.postMessage(index)
        else worker.terminate().then(() => resolve(), reject)
      }
      worker.on('message', (record: BaselineCell) => {
        records[index] = record
        if (process.stderr.isTTY) process.stderr.write(`\r${next} of ${cells.length}`)
        give()
      })
      worker.on('error', reject)
      give()
    })
  await Promise.all(Array.from({ length: availableParallelism() }, drain))
  if (process.stderr.isTTY) process.stderr.write('\n')
  return { format: FORMAT, cells: Object.fromEntries(cells.map((c, n) => [cellName(c), records[n]])) }
}

async function main(): Promise<number> {
  let wanted: { check?: boolean; update?: boolean }
  try {
    wanted = parseArgs({ options: { check: { type: 'boolean' }, update: { type: 'boolean' } } }).values
  } catch {
    wanted = {}
  }
  if ((wanted.check === true) === (wanted.update === true)) {
    console.error(USAGE)
    return 2
  }
  if (wanted.check === true && !existsSync(BASELINE_FILE)) {
    console.error(`mmucheck: there is no baseline; record one with --update: ${BASELINE_FILE}`)
    return 2
  }
  const before: Baseline = existsSync(BASELINE_FILE) ? readBaseline() : { format: FORMAT, cells: {} }
  const now = await recordAll()
  const lines = differences(before, now)
  for (const line of lines) console.log(line)
  const count = `${lines.filter((line) => !line.startsWith(' ')).length} of ${cells.length} cells differ`
  if (wanted.update === true) {
    replaceFile(BASELINE_FILE, formatBaseline(now))
    console.log(`baseline: ${count} from the file before; written to ${BASELINE_FILE}`)
    return 0
  }
  console.log(lines.length === 0 ? `baseline: no difference in ${cells.length} cells` : `baseline: ${count}`)
  return lines.length === 0 ? 0 : 3
}

if (isMainThread) {
  // Until the end says otherwise: a run that is cut short has not compared anything.
  process.exitCode = 70
  process.exitCode = await main()
} else {
  parentPort?.on('message', (index: number) => parentPort?.postMessage(recordCell(index)))
}
