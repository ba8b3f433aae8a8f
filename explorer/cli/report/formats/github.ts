import { failures, type Output } from './output.ts'
import type { DefinedAt } from './sarif.ts'

/** GitHub shows ten annotations of a step; the last one points to the rest. */
const SHOWN = 9

/**
 * Workflow commands of GitHub Actions: an error for each failure, at the place of the property if it is known. Values
 * are escaped as GitHub's toolkit does.
 * @param whereDefined where a property is; null if that is not known.
 */
export function githubText(output: Output, whereDefined: (property: string) => DefinedAt | null): string {
  const failing = failures(output)
  const lines = failing.slice(0, SHOWN).map(({ suite, each }) => {
    const at = whereDefined(each.name)
    const place = at === null ? '' : `file=${property(at.file)},line=${at.line},`
    const diagram = each.behaviour === null ? '' : `\n${each.behaviour.diagram.trimEnd()}`
    return `::error ${place}title=${property(`${suite.name}: ${each.name}`)}::${data(each.words + diagram)}`
  })
  const more = failing.length - lines.length
  const rest = more <= 0 ? [] : [`::error title=mmucheck::${data(`and ${more} more; see the job summary`)}`]
  const verdict = failing.length > 0 ? [] : [`::notice title=mmucheck::${data(output.verdict)}`]
  return [...lines, ...rest, ...verdict].join('\n')
}

/** Message of a command: percent signs and line ends are escaped. */
const data = (text: string): string =>
  text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')

/** Value of a property of a command, which colons and commas would end. */
const property = (text: string): string => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
