import type { Known } from '../../counterexamples/known-file.ts'
import type { Evidence, Question } from '../../model/designs/questions.ts'
import { breadthFirst } from '../search/index.ts'
import { builtSystem } from './built-systems.ts'
import { alwaysJudged, type Catalogue, findDesign, findProperty, findScenario, titled } from './catalogue.ts'

/**
 * Searches the cells that the answer to a question rests on. For each, a line says what was found: the length of a
 * shortest counterexample, or the number of states of the proof. Cells of one design in one scenario share a search.
 * @param kept counterexamples that are kept with the model: a line names the one of its cell.
 */
export function evidenceFor(
  { evidence }: Question,
  catalogue: Catalogue,
  kept: readonly Omit<Known, 'steps'>[] = [],
): string[] {
  const lines = new Map<Evidence, string>()
  for (const cell of evidence) {
    if (lines.has(cell)) continue
    const same = evidence.filter((e) => e.design === cell.design && e.scenario === cell.scenario)
    for (const [index, line] of searched(same, catalogue, kept).entries()) lines.set(same[index], line)
  }
  return evidence.map((cell) => lines.get(cell) as string)
}

function searched(
  cells: readonly Evidence[],
  catalogue: Catalogue,
  kept: readonly Omit<Known, 'steps'>[],
): string[] {
  const design = findDesign(catalogue, cells[0].design)
  const scenario = findScenario(catalogue, cells[0].scenario)
  const asked = cells.map((cell) => findProperty(catalogue, cell.property))
  const judged = [...new Set([...asked, ...alwaysJudged(catalogue)])]
  const result = breadthFirst(builtSystem(scenario, design), judged)
  const besides = result.properties
    .filter((p) => p.verdict === 'violated' && !asked.some((property) => property.id === p.id))
    .map((p) => p.id)
  const also = besides.length === 0 ? '' : `; it also violates ${besides.join(', ')}`
  return asked.map((property) => {
    const found = result.properties.find((p) => p.id === property.id)
    const what = `${titled(design)} in ${scenario.id}`
    if (found?.verdict === 'violated') {
      const steps = found.trace === null ? '' : `, ${found.trace.steps.length} steps`
      const known = kept.find(
        (k) => k.design === design.id && k.scenario === scenario.id && k.property === property.id,
      )
      const shown = known === undefined ? '' : ` (mmucheck show ${known.id})`
      return `${what} violates ${property.id}${steps}${shown}${also}`
    }
    const size = `${result.states} states, ${result.complete ? 'complete' : 'not complete'}`
    return `${what}: ${property.id} ${found?.verdict ?? 'inconclusive'}, ${size}${also}`
  })
}
