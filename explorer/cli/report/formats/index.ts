import { githubText } from './github.ts'
import type { Format, Output } from './output.ts'
import type { DefinedAt } from './sarif.ts'

/**
 * The text of a run in a format other than `text`. Formats that need a library load it here, so that nothing else
 * waits for it.
 * @param whereDefined where a property is in the sources; null if that is not known.
 */
export async function formatted(
  format: Exclude<Format, 'text'>,
  output: Output,
  whereDefined: (property: string) => DefinedAt | null,
): Promise<string> {
  switch (format) {
    case 'ktap':
      return (await import('./ktap.ts')).ktapText(output)
    case 'junit':
      return (await import('./junit.ts')).junitText(output).trimEnd()
    case 'sarif':
      return (await import('./sarif.ts')).sarifText(output, whereDefined)
    case 'markdown':
      return (await import('./markdown.ts')).markdownText(output).trimEnd()
    case 'github':
      return githubText(output, whereDefined)
  }
}
