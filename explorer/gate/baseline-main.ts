import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads'
import { formatKnown, type Known } from '../../counterexamples/known-file.ts'
import { kernels } from '../../model/kernels/kernels.ts'
import { properties } from '../../properties/index.ts'
import { replaceFile } from '../checkpoint/index.ts'
import {
  type Baseline,
  type BaselineCell,
  cellName,
  differences,
  FORMAT,
  formatBaseline,
  mergedCells,
  readBaseline,
  recordOf,
} from '../cli/gate/baseline-file.ts'
import {
  counterexamplesOf,
  describeMismatch,
  mismatches,
  neverTaken,
  runCellAgainstReference,
} from '../cli/gate/cell-run.ts'
import { programFile } from '../program-file.ts'
import type { SearchResult } from '../search/index.ts'
import { baselineFile } from './baseline.ts'
import { kernelCells } from './kernel-cells.ts'
import { checkedInKnown, keptFor, knownFile, violationsIn } from './known.ts'

// `npm run baseline -- --check` searches every cell that is not deep, and exits 3 when one differs from the checked-in
// baseline, when a verdict is not the one that the design expects, or when a step is never taken; `--update` writes
// what was found, and keeps the counterexamples in counterexamples/known/. Both print the differences. Every recorded behaviour is held against xstate, and repeated. With
// `--only TEXT`, once or more, just the cells with that in their names (`DESIGN in SCENARIO`), and steps may be untaken.
// With `--kernel 6.1` the cells are those of that kernel whose steps differ from the newest kernel's, and the baseline is
// a file beside the other.

const USAGE =
  'mmucheck: usage: npm run baseline -- --check | --update [--kernel 6.1 | 6.12 | 7.2] [--only TEXT]...'

interface Wanted {
  readonly check?: boolean
  readonly update?: boolean
  readonly kernel?: string
  readonly only?: string[]
}

/** The options; null if they make no sense. */
function wantedOptions(): Wanted | null {
  const options = {
    check: { type: 'boolean' },
    update: { type: 'boolean' },
    kernel: { type: 'string' },
    only: { type: 'string', multiple: true },
  } as const
  try {
    const { values } = parseArgs({ options })
    const isKnown = values.kernel === undefined || kernels.some(({ id }) => id === values.kernel)
    return isKnown && (values.check === true) !== (values.update === true) ? values : null
  } catch {
    return null
  }
}

const wanted = isMainThread ? wantedOptions() : (workerData as Wanted)
/** The kernel asked for; undefined for the newest. */
const kernel = wanted?.kernel === kernels.at(-1)?.id ? undefined : wanted?.kernel

const allCells = kernelCells(kernel)

/** What a thread reports of a cell. */
interface Finding {
  readonly record: BaselineCell
  readonly counterexamples: readonly Known[]
  /** Verdicts that the design does not expect, one line each. */
  readonly unexpected: readonly string[]
  readonly steps: SearchResult['steps']
}

const searchCell = (index: number): Finding => {
  const { design, scenario } = allCells[index]
  const run = runCellAgainstReference(design, scenario, properties)
  const counterexamples = counterexamplesOf(run)
  return {
    record: recordOf(run, counterexamples),
    counterexamples,
    unexpected: mismatches(run).map(describeMismatch),
    steps: run.result.steps,
  }
}

/**
 * Searches cells, on as many threads as there are cores; each takes the next cell when it is free.
 * @param indices of the cells.
 */
async function search(indices: readonly number[]): Promise<Finding[]> {
  const findings: Finding[] = []
  let next = 0
  const drain = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(programFile('baseline'), { workerData: wanted })
      let index = -1
      const give = (): void => {
        index = next++
        if (index < indices.length) worker.postMessage(indices[index])
        else worker.terminate().then(() => resolve(), reject)
      }
      worker.on('message', (finding: Finding) => {
        findings[index] = finding
        if (process.stderr.isTTY) process.stderr.write(`\r${next} of ${indices.length}`)
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
  if (wanted === null) {
    console.error(USAGE)
    return 2
  }
  const file = baselineFile(kernel)
  if (wanted.check === true && !existsSync(file)) {
    console.error(`mmucheck: there is no baseline; record one with --update: ${file}`)
    return 2
  }
  const { only } = wanted
  const isWanted = (name: string): boolean => only === undefined || only.some((text) => name.includes(text))
  const cells = [...allCells.keys()].filter((n) => isWanted(cellName(allCells[n])))
  if (cells.length === 0) {
    console.error(`mmucheck: no cell is called so: ${only?.map((text) => JSON.stringify(text)).join(', ')}`)
    return 2
  }
  const recorded: Baseline = existsSync(file) ? readBaseline(file) : { format: FORMAT, cells: {} }
  const before = Object.fromEntries(Object.entries(recorded.cells).filter(([name]) => isWanted(name)))
  const findings = await search(cells)
  const now = Object.fromEntries(cells.map((cell, n) => [cellName(allCells[cell]), findings[n].record]))
  const kept = new Set(checkedInKnown(kernel).counterexamples.map(({ id }) => id))
  const unkept = wanted.check === true ? violationsIn({ cells: now }).filter(({ id }) => !kept.has(id)) : []
  // A step that an older kernel shares with the newest may be taken in cells that only the newest has.
  const untaken =
    only === undefined && kernel === undefined ? neverTaken(findings.map(({ steps }) => steps)) : []
  const wrong = [
    ...findings.flatMap(({ unexpected }) => unexpected),
    ...untaken.map((step) => `${step} is never taken, in no cell`),
    ...unkept.map(
      ({ id, cell, property }) => `${id} is not in counterexamples/known: ${property} of ${cell}`,
    ),
  ]
  for (const line of wrong) console.log(line)
  const lines = differences({ format: FORMAT, cells: before }, { format: FORMAT, cells: now })
  for (const line of lines) console.log(line)
  const count = `${lines.filter((line) => !line.startsWith(' ')).length} of ${cells.length} cells differ`
  if (wanted.update === true) {
    const cells = mergedCells(allCells.map(cellName), recorded.cells, now)
    replaceFile(file, formatBaseline({ format: FORMAT, cells }))
    const found = [
      ...checkedInKnown(kernel).counterexamples,
      ...findings.flatMap(({ counterexamples }) => counterexamples),
    ]
    replaceFile(knownFile(kernel), formatKnown({ kernel, counterexamples: keptFor({ cells }, found) }))
    console.log(`baseline: ${count} from the file before; written to ${file}`)
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
