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
import type { SearchResult } from '../search/index.ts'
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
import { describeMismatch, mismatches, neverTaken, runCellAgainstReference } from './verdict-table.ts'

// `npm run baseline -- --check` searches every cell that is not deep, and exits 3 when one differs from the checked-in
// baseline, when a verdict is not the one that the design expects, or when a step is never taken; `--update` writes
// what was found. Both print the differences. Every recorded behaviour is held against xstate, and repeated.

const USAGE = 'mmucheck: usage: npm run baseline -- --check | --update'

const cells = designs.flatMap((design) =>
  scenariosOf({ scenarios }, design)
    .filter((scenario) => scenario.deep !== true)
    .map((scenario) => ({ design, scenario })),
)

/** What a thread reports of a cell. */
interface Finding {
  readonly record: BaselineCell
  /** Verdicts that the design does not expect, one line each. */
  readonly unexpected: readonly string[]
  readonly steps: SearchResult['steps']
}

const searchCell = (index: number): Finding => {
  const { design, scenario } = cells[index]
  const run = runCellAgainstReference(design, scenario, properties)
  return {
    record: recordOf(run),
    unexpected: mismatches(run).map(describeMismatch),
    steps: run.result.steps,
  }
}

/** Searches all cells, on as many threads as there are cores; each takes the next cell when it is free. */
async function searchAll(): Promise<Finding[]> {
  const findings: Finding[] = []
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
      worker.on('message', (finding: Finding) => {
        findings[index] = finding
        if (process.stderr.isTTY) process.stderr.write(`\r${next} of ${cells.length}`)
        give()
      })
      worker.on('error', reject)
      give()
    })
  await Promise.all(Array.from({ length: availableParallelism() }, drain))
  if (process.stderr.isTTY) process.stderr.write('\n')
  return findings
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
  const findings = await searchAll()
  const now: Baseline = {
    format: FORMAT,
    cells: Object.fromEntries(cells.map((cell, n) => [cellName(cell), findings[n].record])),
  }
  const wrong = [
    ...findings.flatMap(({ unexpected }) => unexpected),
    ...neverTaken(findings.map(({ steps }) => steps)).map((step) => `${step} is never taken, in no cell`),
  ]
  for (const line of wrong) console.log(line)
  const lines = differences(before, now)
  for (const line of lines) console.log(line)
  const count = `${lines.filter((line) => !line.startsWith(' ')).length} of ${cells.length} cells differ`
  if (wanted.update === true) {
    replaceFile(BASELINE_FILE, formatBaseline(now))
    console.log(`baseline: ${count} from the file before; written to ${BASELINE_FILE}`)
    return wrong.length === 0 ? 0 : 3
  }
  console.log(lines.length === 0 ? `baseline: no difference in ${cells.length} cells` : `baseline: ${count}`)
  return lines.length + wrong.length === 0 ? 0 : 3
}

if (isMainThread) {
  // Until the end says otherwise: a run that is cut short has not compared anything.
  process.exitCode = 70
  process.exitCode = await main()
} else {
  parentPort?.on('message', (index: number) => parentPort?.postMessage(searchCell(index)))
}
