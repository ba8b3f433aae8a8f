import { commitText } from '../../counterexamples/commit.ts'
import { counterexampleOf } from '../../counterexamples/counterexample-file.ts'
import { quickly, shrink } from '../../counterexamples/shrink.ts'
import { Verifier } from '../../counterexamples/verifier.ts'
import type { Checker } from '../cli/checker.ts'
import { replayed } from '../cli/counterexamples.ts'
import { type CellRun, verdictsOf } from '../cli/gate/cell-run.ts'
import { goalReachableIn } from '../search/index.ts'

/** Most lines of a diagram, frame and closing sentences excluded, that a commit message should have. */
export const MOST_ROWS = 40

/** The counterexample of one violation as text for a commit message. */
export interface CommitDiagram {
  readonly id: string
  readonly design: string
  readonly scenario: string
  readonly property: string
  readonly text: string
  /** Steps of the trace. */
  readonly steps: number
}

/** The diagrams of all violations of a cell, each from a shortest trace that is shrunk. */
export function diagramsOf<W>(checker: Checker, run: CellRun<W>): CommitDiagram[] {
  const { design, scenario, system, properties } = run
  return verdictsOf(run).flatMap(({ verdict, trace }, n) => {
    if (verdict !== 'violated' || trace === null) return []
    const property = properties[n]
    const verifier = new Verifier(system, property, goalReachableIn(system))
    const shrunk = shrink(trace, system, quickly(system, property, verifier), { shortest: true })
    const ce = counterexampleOf({
      tool: `mmucheck ${checker.version}`,
      scenario: scenario.id,
      design: design.id,
      property,
      trace: shrunk,
      model: checker.modelHash(),
    })
    const text = commitText(replayed(checker, ce))
    const names = { design: design.id, scenario: scenario.id, property: property.id }
    return [{ id: ce.id, ...names, text, steps: shrunk.steps.length }]
  })
}

/** What a mail or a commit message would spoil; empty for a text that can be pasted. */
export function flawsOf(text: string): string[] {
  const lines = text.split('\n')
  return [
    ...(/[^\n -~]/.test(text) ? ['a character that is not printable ASCII'] : []),
    ...lines.flatMap((line, n) => (line.length > 75 ? [`line ${n + 1} has ${line.length} columns`] : [])),
    ...lines.flatMap((line, n) => (/\s$/.test(line) ? [`line ${n + 1} ends with a blank`] : [])),
  ]
}

/** The number of rows from the names of the lanes to the mark of the bug. */
export function rowsIn(text: string): number {
  const lines = text.split('\n')
  const rule = lines.findIndex((line) => /^ +-{4}/.test(line))
  const mark = lines.findIndex((line) => line.includes('<--- '))
  return mark - rule - 1
}
