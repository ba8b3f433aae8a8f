import { quotedPath } from '../model/language/quoted.ts'
import { causesOf } from './causes.ts'
import { changedTable, heading, raceDiagram, reproduce } from './diagram.ts'
import type { Replayed } from './replay.ts'
import { sentence, WIDTH, wrap } from './text.ts'

/** The body of a mail: the diagram, what changed, what the result rests on, and how to repeat it. */
export function mailText(replayed: Replayed): string {
  const causes = causesOf(replayed)
  const lines = [
    ...heading(replayed),
    '',
    ...raceDiagram(replayed, causes),
    '',
    ...changedTable(replayed, causes),
    ...basis(replayed),
    '',
    ...reproduce(replayed),
    ...ownFile(replayed.scenario),
    ...ownFile(replayed.design),
  ]
  return `${lines.join('\n')}\n`
}

/** A file that only the writer has, so that a reader can save it. Its lines are as long as its titles. */
function ownFile({ file, text }: Replayed['scenario' | 'design']): string[] {
  if (file === undefined || text === undefined) return []
  return ['', `where ${quotedPath(file)} is`, ...text.split('\n').map((line) => `  ${line}`)]
}

/** What a reader must know to judge the result: bounds, assumptions, and that xstate repeated it. */
function basis({
  scenario,
  assumptions = [],
  property,
  counterexample,
  checker,
  modelChanged,
}: Replayed): string[] {
  const bounds = Object.entries(scenario.bounds ?? {}).map(([name, value]) => `${name} ${value}`)
  const { reference } = property
  const points = [
    ...(bounds.length === 0 ? [] : [`bounds: ${bounds.join(', ')}`]),
    ...assumptions,
    ...(reference === undefined ? [] : [`the property: ${reference}`]),
    `model ${checker.model}, mmucheck ${checker.version}`,
    ...(modelChanged ? [`the counterexample file names another model, ${counterexample.model}`] : []),
    'the trace was replayed step by step by the reference semantics before it was printed',
  ]
  return [
    'What this rests on:',
    ...points.flatMap((p) => wrap(`- ${sentence(p)}`, WIDTH - 2).map((l) => `  ${l}`)),
  ]
}
