import { appendFileSync } from 'node:fs'
import { quotedPath } from '../../../../model/language/quoted.ts'
import { allProperties } from '../../catalogue.ts'
import type { CommandContext } from '../../command-context.ts'
import { UsageError } from '../../errors.ts'
import { formatted } from './index.ts'
import type { Format, Output } from './output.ts'
import { propertyFinder } from './where-defined.ts'

/** What else decides what is printed. */
interface Printing {
  readonly format: Format
  readonly json?: string | true | undefined
  readonly quiet: boolean
}

/** @throws UsageError for two things that cannot both be on standard output. */
export function refuseTwoOutputs({ format, json, quiet }: Printing): void {
  if (format === 'text') return
  if (json === true) throw new UsageError(`--format ${format}: with --json name a file, --json FILE`)
  if (quiet) throw new UsageError(`--format ${format} prints a whole report; leave out --quiet`)
}

/** The titles of all properties, by id. */
export const titlesIn = ({ catalogue }: Pick<CommandContext, 'catalogue'>): ReadonlyMap<string, string> =>
  new Map(allProperties(catalogue).map(({ id, title }) => [id, title]))

/**
 * Prints a run in a format other than text. Annotations for GitHub are followed by the verdict, and the job's summary gets
 * the Markdown.
 */
export async function printFormatted(
  { io, env, catalogue }: CommandContext,
  format: Exclude<Format, 'text'>,
  output: Output,
): Promise<void> {
  const find = propertyFinder(catalogue.propertySources)
  io.out(await formatted(format, output, find))
  if (format !== 'github') return
  const summary = env.GITHUB_STEP_SUMMARY
  if (summary !== undefined && summary !== '') {
    try {
      appendFileSync(summary, `${await formatted('markdown', output, find)}\n`)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === undefined) throw error
      io.err(`mmucheck: warning: cannot write the job summary to ${quotedPath(summary)}: ${code}`)
    }
  }
  io.out(output.verdict)
}
