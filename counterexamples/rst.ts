import { causesOf } from './causes.ts'
import { raceDiagram, reproduce } from './diagram.ts'
import { closing } from './explanation.ts'
import { footer } from './footer.ts'
import type { Replayed } from './replay.ts'

/**
 * The race diagram for the kernel's documentation: a literal block, as reStructuredText keeps its columns, with the
 * explanation and the command below it.
 */
export function rstText(replayed: Replayed): string {
  const causes = causesOf(replayed)
  const explanation = closing(replayed, causes)
  const lines = raceDiagram(replayed, causes)
  const drawn = lines.slice(0, lines.length - explanation.length - 1)
  const block = (content: readonly string[]): string[] => [
    '::',
    '',
    ...content.map((line) => (line === '' ? '' : `  ${line.replace(/^ {2}/, '')}`)),
    '',
  ]
  const text = [
    ...block(drawn),
    ...explanation.map(escaped),
    '',
    ...block(reproduce(replayed)),
    ...footer(replayed).map(escaped),
  ]
  return `${text.join('\n').trimEnd()}\n`
}

/** Characters that would begin inline markup. A line of a paragraph may get a few columns longer. */
const escaped = (line: string): string => line.replace(/[\\*`|]|(?<=\w)_(?=\W|$)/g, '\\$&')
