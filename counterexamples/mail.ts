import { quotedPath } from '../model/language/quoted.ts'
import { causesOf } from './causes.ts'
import { changedTable, heading, raceDiagram, reproduce } from './diagram.ts'
import { footer } from './footer.ts'
import type { Replayed } from './replay.ts'
import { sentence, WIDTH, wrap } from './text-layout.ts'

/** The body of a mail: the diagram, what changed, bounds and assumptions, and how to reproduce it. */
export function mailText(replayed: Replayed): string {
  const causes = causesOf(replayed)
  const lines = [
    ...heading(replayed),
    '',
    ...raceDiagram(replayed, causes),
    '',
    ...changedTable(replayed, causes),
    ...basis(replayed),
    ...footer(replayed),
    '',
    ...reproduce(replayed),
    ...ownFile(replayed.scenario),
    ...ownFile(replayed.design),
  ]
  return `${lines.join('\n')}\n`
}

/** A user's file, for readers to save. Its lines are not wrapped. */
function ownFile({ file, text }: Replayed['scenario' | 'design']): string[] {
  if (file === undefined || text === undefined) return []
  return ['', `where ${quotedPath(file)} is`, ...text.split('\n').map((line) => `  ${line}`)]
}

/** Bounds, assumptions, versions, and how the trace was checked. */
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
    'Bounds and assumptions:',
    ...points.flatMap((p) => wrap(`- ${sentence(p)}`, WIDTH - 2).map((l) => `  ${l}`)),
  ]
}
