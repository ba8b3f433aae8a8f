import { type Case, failures, type Output, type Suite } from './output.ts'

/** Bytes that a comment of a pull request may have. */
const LONGEST = 60_000

/** Rows of the table, and diagrams, that are written out. */
const ROWS = 40
const DIAGRAMS = 5

/**
 * Markdown for a pull request: the verdict, what fails as a table, the shortest behaviour as a diagram in a fence, some
 * more folded. Fits a comment.
 */
export function markdownText(output: Output): string {
  const failing = failures(output)
  const others = output.suites.flatMap((suite) =>
    suite.cases
      .filter(({ outcome, kind }) => outcome === 'skip' || (outcome === 'pass' && kind !== ''))
      .map((each) => ({ suite, each })),
  )
  const rows = [...failing, ...others]
  const shown = failing.filter(({ each }) => each.behaviour !== null)
  const head = [
    `### ${escaped(output.verdict)}`,
    '',
    `Model ${output.modelHash}, version ${output.version}.`,
    '',
  ]
  const more = rows.length > ROWS ? ['', `${rows.length - ROWS} more rows are left out.`] : []
  const table =
    rows.length === 0
      ? []
      : ['| | cell | property | |', '|---|---|---|---|', ...rows.slice(0, ROWS).map(rowOf), ...more, '']
  return fitting([...head, ...table].join('\n'), shown.slice(0, DIAGRAMS).map(detailsOf))
}

interface Row {
  readonly suite: Suite
  readonly each: Case
}

function rowOf({ suite, each }: Row): string {
  const mark = { fail: 'FAIL', error: 'ERROR', skip: 'open', pass: 'note' }[each.outcome]
  return `| ${mark} | ${escaped(suite.name)} | ${escaped(each.name)} | ${escaped(each.words)} |`
}

/** The first is open, the others folded. */
function detailsOf({ suite, each }: Row, n: number): string {
  const fence = '```'
  const diagram = (each.behaviour?.diagram ?? '').trimEnd().replaceAll(fence, "'''")
  const title = `${escaped(suite.name)}: ${escaped(each.name)}`
  return `\n<details${n === 0 ? ' open' : ''}><summary>${title}</summary>\n\n${fence}text\n${diagram}\n${fence}\n</details>\n`
}

/** The head, and as many of the parts as fit. */
function fitting(head: string, parts: readonly string[]): string {
  let text = head
  for (const part of parts) {
    if (text.length + part.length > LONGEST) return `${text}\nFurther diagrams do not fit.\n`
    text += part
  }
  return text
}

/** Text that Markdown and HTML do not interpret, on one line. */
export const escaped = (text: string): string =>
  text
    .replace(/\s+/g, ' ')
    .replace(/[\\`*_{}[\]<>#|~]/g, (c) => (c === '<' ? '&lt;' : c === '>' ? '&gt;' : `\\${c}`))
