import type { Design } from '../../../model/designs/design.ts'
import { judgedProperties } from '../../../model/designs/judged-properties.ts'
import { FailedSearch, type Limits, type SearchHooks, type SearchSettings } from '../../search/index.ts'
import { type Catalogue, findDesign, findScenario } from '../catalogue.ts'
import { catalogueOfKernel } from '../catalogue-of-kernel.ts'
import type { DesignCode } from '../design-code/design-code.ts'
import { stopInWords } from '../reason-words.ts'
import { withDesign } from '../run-check.ts'
import { type CellRun, counterexampleIn, runCellAgainstReference, verdictsOf } from './cell-run.ts'
import type { JudgedCell, JudgedProperty } from './judged-cell.ts'
import { stepWithoutCallers } from './taken-steps.ts'

/** One cell to search, by name. */
export interface JudgeRequest {
  /** By id; one of a user's file whole, as data or as the text of its code. */
  readonly design: string | Design<never> | DesignCode
  readonly scenario: string
  /** The kernel, by id; absent: the newest. */
  readonly kernel?: string
  readonly limits: JudgeLimits
}

/** What may end the search of a cell. */
export type JudgeLimits = Pick<Limits, 'maxStates' | 'timeLimit' | 'memoryLimit'>

/**
 * Searches one cell in full, without reduction, so that its counts can be compared with those recorded; every
 * recorded behaviour is held against xstate, and repeated. Violations found before model code failed are kept.
 * @throws ModelError when the system cannot be built or searched at all; ReferenceMismatch.
 */
export async function judgeCell<W>(
  all: Catalogue<W>,
  request: JudgeRequest,
  hooks: Pick<SearchHooks, 'stop' | 'onProgress'> = {},
): Promise<JudgedCell> {
  const { design: named, scenario: scenarioName, kernel, limits } = await withDesign(all, request)
  const catalogue = catalogueOfKernel(all, kernel)
  const design = typeof named === 'string' ? findDesign(catalogue, named) : (named as Design<W>)
  const scenario = findScenario(catalogue, scenarioName)
  const options: SearchSettings & typeof hooks = { ...limits, ...hooks }
  let modelError: string | null = null
  let run: CellRun<W>
  try {
    run = runCellAgainstReference(design, scenario, catalogue.properties, options)
  } catch (error) {
    if (!(error instanceof FailedSearch)) throw error
    const { message, result } = error as FailedSearch
    const { listed, byDefault } = judgedProperties(design, scenario, catalogue.properties)
    const properties = [...listed, ...byDefault]
    run = { design, scenario, system: scenario.build(design), properties, listed, result }
    modelError = message
  }
  const { complete, incompleteReason, states, transitions, depth, deadlocks, steps } = run.result
  const counts = new Map<string, number>()
  for (const [step, count] of steps) {
    const name = stepWithoutCallers(step)
    counts.set(name, (counts.get(name) ?? 0) + count)
  }
  const names = [...counts]
  return {
    design: design.id,
    scenario: scenario.id,
    complete: complete && modelError === null,
    stopped: incompleteReason === null ? null : stopInWords(incompleteReason),
    modelError,
    states,
    transitions,
    depth,
    deadlocks,
    properties: propertiesOf(run),
    taken: names.flatMap(([name, count]) => (count > 0 ? [name] : [])),
    untaken: names.flatMap(([name, count]) => (count > 0 ? [] : [name])),
  }
}

function propertiesOf<W>(run: CellRun<W>): JudgedProperty[] {
  return verdictsOf(run).map((found, n) => {
    const { id, verdict, antecedent, asked, upTo, trace, subject } = found
    const { kind } = run.properties[n]
    const common = { id, kind, asked, verdict, antecedent, upTo }
    if (trace === null) return { ...common, length: null, counterexample: null, trace: null }
    if (verdict !== 'violated')
      return { ...common, length: trace.steps.length, counterexample: null, trace: null }
    const known = counterexampleIn(run, run.properties[n], { ...found, trace })
    const { initial, steps, loopStart, fairness = null } = known
    const shown = { initial, steps, loopStart, subject, fairness }
    return { ...common, length: steps.length, counterexample: known.id, trace: shown }
  })
}
