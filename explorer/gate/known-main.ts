import { parseArgs } from 'node:util'
import { idOf } from '../../counterexamples/counterexample-file.ts'
import { formatKnown, type Known } from '../../counterexamples/known-file.ts'
import { judgedProperties } from '../../model/designs/judged-properties.ts'
import { kernels } from '../../model/kernels/kernels.ts'
import { isLiveness } from '../../model/language/property.ts'
import { properties } from '../../properties/index.ts'
import { replaceFile } from '../checkpoint/index.ts'
import { type Baseline, readBaseline } from '../cli/gate/baseline-file.ts'
import { counterexampleIn } from '../cli/gate/cell-run.ts'
import { breadthFirst } from '../search/index.ts'
import { baselineFile } from './baseline.ts'
import { type KernelCell, kernelCells } from './kernel-cells.ts'
import { cellOf, checkedInKnown, keptFor, knownFile, type RecordedViolation, violationsIn } from './known.ts'

// `npm run known` keeps the counterexamples that the baselines record in counterexamples/known/, a file for each kernel:
// it drops those that are recorded no more, searches for those that are missing, a cell at a time, and writes the file
// after each, so that a run that was stopped can be continued. Exits 3 if a search finds another counterexample than
// the recorded one, or none. `--kernel 6.1` and `--only TEXT` limit it to a kernel and to cells with that in their names.
// (`npm run baseline -- --update` writes the same files.)

const { values } = parseArgs({
  options: { kernel: { type: 'string' }, only: { type: 'string', multiple: true } },
})
const newest = kernels.at(-1)?.id

/** The counterexample with its id in another kernel, if that is one that is recorded. */
function sameElsewhere(missing: RecordedViolation, elsewhere: readonly Known[], kernel?: string): Known[] {
  const { id, cell, property } = missing
  return elsewhere
    .filter((known) => known.property === property && cellOf(known) === cell)
    .map((known) => ({ ...known, id: idOf({ ...known, kernel }) }))
    .filter((known) => known.id === id)
}

/** Searches a cell for the violations that are missing, no deeper than they are recorded to be. */
function searched({ design, scenario }: KernelCell, missing: readonly RecordedViolation[]): Known[] {
  const system = scenario.build(design)
  const { listed, byDefault } = judgedProperties(design, scenario, properties)
  const isMissing = ({ id }: { readonly id: string }): boolean =>
    missing.some(({ property }) => property === id)
  // Behaviours end with an oops, whatever is looked for.
  const judged = [...listed, ...byDefault].filter((p) => isMissing(p) || p.kind === 'fault')
  const isDecidedAtOnce = judged.every((p) => !isLiveness(p) && p.kind !== 'progress')
  const maxDepth = Math.max(...missing.map(({ length }) => length))
  const result = breadthFirst(system, judged, isDecidedAtOnce ? { maxDepth } : {})
  return result.properties.flatMap((found, n) => {
    const { trace } = found
    return trace === null || !isMissing(judged[n])
      ? []
      : [counterexampleIn({ design, scenario, system }, judged[n], { ...found, trace })]
  })
}

/** Completes the file of a kernel. @returns whether all that is recorded is kept now. */
function complete(kernel: string | undefined): boolean {
  const baseline: Baseline = readBaseline(baselineFile(kernel))
  const elsewhere = kernels
    .filter(({ id }) => (id === newest ? undefined : id) !== kernel)
    .flatMap(({ id }) => checkedInKnown(id === newest ? undefined : id).counterexamples)
  let kept = keptFor(baseline, checkedInKnown(kernel).counterexamples)
  const write = (): void => replaceFile(knownFile(kernel), formatKnown({ kernel, counterexamples: kept }))
  const add = (found: readonly Known[]): void => {
    kept = keptFor(baseline, [...kept, ...found])
  }
  const missingNow = (): RecordedViolation[] => {
    const ids = new Set(kept.map(({ id }) => id))
    return violationsIn(baseline).filter(({ id }) => !ids.has(id))
  }
  add(missingNow().flatMap((missing) => sameElsewhere(missing, elsewhere, kernel)))
  write()
  const { only } = values
  const isWanted = (name: string): boolean => only === undefined || only.some((text) => name.includes(text))
  const wanted = kernelCells(kernel).filter(({ name }) => isWanted(name))
  for (const cell of wanted.toSorted((a, b) => statesOf(baseline, a) - statesOf(baseline, b))) {
    const missing = missingNow().filter((each) => each.cell === cell.name)
    if (missing.length === 0) continue
    add(searched(cell, missing))
    write()
    if (process.stderr.isTTY) process.stderr.write(`\r${missingNow().length} to be found \r`)
  }
  const names = new Set(wanted.map(({ name }) => name))
  const left = missingNow().filter(({ cell }) => names.has(cell))
  for (const { id, cell, property } of left) console.log(`${id}: not found: ${property} of ${cell}`)
  console.log(`known: ${kept.length} counterexamples of ${kernel ?? newest}, ${missingNow().length} missing`)
  return left.length === 0
}

const statesOf = ({ cells }: Baseline, { name }: KernelCell): number => cells[name]?.states ?? 0

const asked = values.kernel === undefined ? kernels.map(({ id }) => id) : [values.kernel]
const done = asked.map((id) => complete(id === newest ? undefined : id))
process.exitCode = done.every(Boolean) ? 0 : 3
