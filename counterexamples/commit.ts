import { raceDiagram, reproduce } from './diagram.ts'
import { footer } from './footer.ts'
import type { Replayed } from './replay.ts'

/** The race diagram for a commit message: no heading, no tables, at most 75 columns. */
export function commitText(replayed: Replayed): string {
  return `${[...raceDiagram(replayed), '', ...reproduce(replayed), ...footer(replayed)].join('\n')}\n`
}

/** The race diagram as a C comment. */
export function commentText(replayed: Replayed): string {
  const text = [...raceDiagram(replayed), '', ...footer(replayed)].join('\n').trimEnd().split('\n')
  const lines = text.map((line) => ` * ${line}`.trimEnd())
  return `${['/*', ...lines, ' */'].join('\n')}\n`
}
