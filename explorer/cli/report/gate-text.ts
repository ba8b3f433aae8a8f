import { plural } from '../../../counterexamples/text-layout.ts'
import { LONGEST_MESSAGE, quoted, quotedPath } from '../../../model/language/quoted.ts'
import { UPSTREAM } from '../catalogue.ts'
import type { Finding, FindingKind } from '../gate/compare.ts'
import { FINDINGS } from '../gate/compare.ts'
import type { UserDesign } from '../user-design.ts'
import { wrapAtSpaces } from '../wrap.ts'

/** A difference, and where its counterexample is. */
export interface ReportedFinding extends Finding {
  /** Null where there is none; without a file it could not be written. */
  readonly counterexample: { readonly id: string; readonly file: string | null } | null
}

/** Headings of the kinds, in the order of the report, and the word for the last line. */
export const KINDS: Readonly<Record<FindingKind, { readonly heading: string; readonly word: string }>> = {
  introduced: {
    heading: 'INTRODUCED: violations that are not recorded, or not expected',
    word: 'introduced',
  },
  'model-error': { heading: 'MODEL ERROR: model code fails', word: 'with a wrong model' },
  'not-caught': { heading: 'NOT CAUGHT: known bugs that nothing notices any more', word: 'not caught' },
  lost: { heading: 'LOST COVERAGE: judged or taken before, and not now', word: 'lost' },
  different: { heading: 'OTHER VERDICT than the design expects', word: 'not as expected' },
  graph: { heading: 'OTHER GRAPH of states (--same-graph)', word: 'with another graph' },
  vacuous: { heading: 'VACUOUS: nothing to judge', word: 'vacuous' },
  inconclusive: { heading: 'INCONCLUSIVE', word: 'inconclusive' },
  fixed: { heading: 'fixed: violated before, and not now, as expected', word: 'fixed' },
  changed: { heading: 'changed: same verdicts, other counts or counterexamples', word: 'changed' },
  new: { heading: 'new: not recorded, and as expected', word: 'new' },
}

const ORDER = Object.keys(KINDS) as FindingKind[]

/** Most entries of one kind in the text; the result as JSON has all. */
const LISTED = 12

/** A block for each kind that occurs: heading, entries, an empty line. */
export function findingLines(findings: readonly ReportedFinding[], width: number): string[] {
  return ORDER.flatMap((kind) => {
    const all = findings.filter((f) => f.kind === kind)
    if (all.length === 0) return []
    const entries = kind === 'introduced' ? byProperty(all) : all.map((f) => entryOf(f))
    const listed = entries.slice(0, LISTED).flatMap((lines) => entryLines(lines, width))
    const more = entries.length > LISTED ? [`  and ${entries.length - LISTED} more (--json has all)`] : []
    return [`${KINDS[kind].heading} (${all.length})`, ...listed, ...more, '']
  })
}

/** First line and further ones of an entry. */
type Entry = readonly string[]

function entryLines([first, ...rest]: Entry, width: number): string[] {
  const [head, ...more] = wrapAtSpaces(first, width, '  ')
  return [head, ...[more.join(' '), ...rest].flatMap((line) => wrapAtSpaces(line, width, '    '))]
}

function entryOf({ cell, property, was, now, note, counterexample }: ReportedFinding): Entry {
  const what = [cell, property].filter((part) => part !== null && part !== '').join(': ')
  const change = [
    ...(was === null ? [] : [`was: ${was}`]),
    ...(now === null ? [] : [`now: ${quoted(now, LONGEST_MESSAGE)}`]),
  ]
  const said = note === null ? [] : [note]
  return what === ''
    ? said
    : [what, ...change, ...said, ...(counterexample === null ? [] : [fileOf(counterexample)])]
}

const fileOf = ({ id, file }: { readonly id: string; readonly file: string | null }): string =>
  file === null ? `${id} (not written)` : quotedPath(file)

/** One entry for each property: the shortest violation, of upstream if there is one, and in how many other cells. */
function byProperty(all: readonly ReportedFinding[]): Entry[] {
  const properties = [...new Set(all.map(({ property }) => property))]
  return properties.map((property) => {
    const isOther = ({ cell }: ReportedFinding): number => (cell.startsWith(`${UPSTREAM} in `) ? 0 : 1)
    const own = all
      .filter((f) => f.property === property)
      .toSorted((a, b) => isOther(a) - isOther(b) || stepsOf(a) - stepsOf(b))
    const [first] = own
    const others = own.length - 1
    const where = others === 0 ? [] : [`and in ${others === 1 ? 'one other cell' : `${others} other cells`}`]
    const [, ...details] = entryOf(first)
    return [`${property}: ${first.cell}`, ...details, ...where]
  })
}

/** Steps of the violation that a finding tells of; infinite if it tells of none. */
export function stepsOf({ now }: Pick<Finding, 'now'>): number {
  const steps = /^violated in (\d+) steps$/.exec(now ?? '')
  return steps === null ? Number.POSITIVE_INFINITY : Number(steps[1])
}

/**
 * What to do next; empty where everything is as recorded.
 * @param own the user's designs, if the gate is of those: one that is code is needed to show its counterexamples.
 */
export function nextSteps(
  findings: readonly ReportedFinding[],
  width: number,
  own: readonly UserDesign[] = [],
): string[] {
  const fileOf = ({ cell }: ReportedFinding): string => {
    const code = own.find(({ design, code }) => code !== undefined && cell.startsWith(`${design.id} in `))
    return code === undefined ? '' : ` --design ${quotedPath(code.file)}`
  }
  const has = (...kinds: readonly FindingKind[]): boolean => findings.some(({ kind }) => kinds.includes(kind))
  const written = findings.filter((f) => f.kind === 'introduced' && f.counterexample?.file != null)
  const [first] = written.toSorted((a, b) => stepsOf(a) - stepsOf(b))
  const lines = [
    ...(first === undefined
      ? []
      : [
          `to read the shortest: mmucheck show ${quotedPath(first.counterexample?.file ?? '')}${fileOf(first)}`,
        ]),
    ...(has('introduced', 'not-caught', 'different', 'vacuous')
      ? ['if that is meant, say so in "expect" of the design, with the reason']
      : []),
    ...(has('inconclusive') ? ['to decide what is inconclusive: raise the limit that it names'] : []),
    ...(own.length === 0 && has('introduced', 'lost', 'fixed', 'changed', 'new')
      ? ['to record what is meant: --update']
      : []),
  ]
  // A command must stay on one line to be copied.
  return lines.flatMap((line) => (line.includes(': mmucheck ') ? [line] : wrapAtSpaces(line, width)))
}

/** `mmucheck: gate fails: 2 introduced, 1 lost; 425 of 428 cells as recorded`. */
export function gateLine(findings: readonly Finding[], cells: number): string {
  const differing = new Set(findings.map(({ cell }) => cell).filter((cell) => cell !== ''))
  const gone = findings.filter(
    ({ kind, property, now }) => kind === 'lost' && property === null && now === null,
  )
  const present = [...differing].filter((cell) => !gone.some((f) => f.cell === cell)).length
  const counts = ORDER.flatMap((kind) => {
    const number = findings.filter((f) => f.kind === kind).length
    return number === 0 ? [] : [`${number} ${KINDS[kind].word}`]
  })
  const fails = findings.some(({ kind }) => FINDINGS[kind] !== 0)
  const verdict = fails ? 'gate fails' : 'gate passes'
  const recorded =
    present === 0
      ? `${plural(cells, 'cell')} as recorded`
      : `${cells - present} of ${cells} cells as recorded`
  return `mmucheck: ${verdict}: ${[...(counts.length === 0 ? [] : [`${counts.join(', ')};`]), recorded].join(' ')}`
}
