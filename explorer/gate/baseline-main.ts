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
// what was found. Both print the differences. Every recorded behaviour is held against xstate, and repeated. With
// `--only TEXT`, once or more, just the cells with that in their names (`DESIGN in SCENARIO`), and steps may be untaken.

const USAGE = 'mmucheck: usage: npm run baseline -- --check | --update [--only TEXT]...'

const allCells = designs.flatMap((design) =>
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
  const { design, scenario } = allCells[index]
  const run = runCellAgainstReference(design, scenario, properties)
  return {
    record: recordOf(run),
    unexpected: mismatches(run).map(describeMismatch),
    steps: run.result.steps,
  }
}

/**
 * Searches cells, on as many threads as there are cores; each takes the next cell when it is free.
 * @param wanted indices of cells.
 */
async function search(wanted: readonly number[]): Promise<Finding[]> {
  const findings: Finding[] = []
  let next = 0
  const drain = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(programFile('baseline'))
      let index = -1
      const give = (): void => {
        index = next++
        if (index < wanted.length) worker.postMessage(wanted[index])
        else worker.terminate().then(() => resolve(), reject)
      }
      worker.on('message', (finding: Finding) => {
        findings[index] = finding
        if (process.stderr.isTTY) process.stderr.write(`\r${next} of ${wanted.length}`)
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
  let wanted: { check?: boolean; update?: boolean; only?: string[] }
  try {
    wanted = parseArgs({
      options: {
        check: { type: 'boolean' },
        update: { type: 'boolean' },
        only: { type: 'string', multiple: true },
      },
    }).values
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
  const { only } = wanted
  const isWanted = (name: string): boolean => only === undefined || only.some((text) => name.includes(text))
  const cells = [...allCells.keys()].filter((n) => isWanted(cellName(allCells[n])))
  if (cells.length === 0) {
    console.error(`mmucheck: no cell is called so: ${only?.map((text) => JSON.stringify(text)).join(', ')}`)
    return 2
  }
  const recorded: Baseline = existsSync(BASELINE_FILE) ? readBaseline() : { format: FORMAT, cells: {} }
  const before = Object.fromEntries(Object.entries(recorded.cells).filter(([name]) => isWanted(name)))
  const findings = await search(cells)
  const now = Object.fromEntries(cells.map((cell, n) => [cellName(allCells[cell]), findings[n].record]))
  const untaken = only === undefined ? neverTaken(findings.map(({ steps }) => steps)) : []
  const wrong = [
    ...findings.flatMap(({ unexpected }) => unexpected),
    ...untaken.map((step) => `${step} is never taken, in no cell`),
  ]
  for (const line of wrong) console.log(line)
  const lines = differences({ format: FORMAT, cells: before }, { format: FORMAT, cells: now })
  for (const line of lines) console.log(line)
  const count = `${lines.filter((line) => !line.startsWith(' ')).length} of ${cells.length} cells differ`
  if (wanted.update === true) {
    replaceFile(
      BASELINE_FILE,
      formatBaseline({ format: FORMAT, cells: merged(recorded.cells, now, isWanted) }),
    )
    console.log(`baseline: ${count} from the file before; written to ${BASELINE_FILE}`)
    return wrong.length === 0 ? 0 : 3
  }
  console.log(lines.length === 0 ? `baseline: no difference in ${cells.length} cells` : `baseline: ${count}`)
  return lines.length + wrong.length === 0 ? 0 : 3
}

/** The cells of a new file, in the order of the catalogue: what was searched now, the others as they were recorded. */
function merged(
  recorded: Baseline['cells'],
  now: Baseline['cells'],
  isSearched: (name: string) => boolean,
): Baseline['cells'] {
  return Object.fromEntries(
    allCells.flatMap((cell) => {
      const name = cellName(cell)
      const found = isSearched(name) ? now[name] : recorded[name]
      return found === undefined ? [] : [[name, found]]
    }),
  )
}

if (isMainThread) {
  // Until the end says otherwise: a run that is cut short has not compared anything.
  process.exitCode = 70
  process.exitCode = await main()
} else {
  parentPort?.on('message', (index: number) => parentPort?.postMessage(searchCell(index)))
}
