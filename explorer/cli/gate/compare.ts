import type { Design } from '../../../model/designs/design.ts'
import { expectedVerdict, isAsExpected } from '../../../model/designs/expectation.ts'
import { EXIT } from '../exit-status.ts'
import type { Baseline, BaselineCell } from './baseline-file.ts'
import { type JudgedCell, type JudgedProperty, recordedCell } from './judged-cell.ts'
import { isTaken } from './taken-steps.ts'

/** How a cell or a property differs from what was recorded and what its design expects; in the order of reports. */
export const FINDINGS = {
  /** Violated, and not recorded as violated or not expected to be. */
  introduced: EXIT.violated,
  /** Model code fails. */
  'model-error': EXIT.usage,
  /** Expected to be violated, and it is not. */
  'not-caught': EXIT.mismatch,
  /** Was judged before, and has nothing to judge now; or is gone; or a step that no behaviour takes. */
  lost: EXIT.mismatch,
  /** Another verdict than its design expects, or a counterexample of another length than it pins. */
  different: EXIT.mismatch,
  /** The graph of states differs, and the same was demanded. */
  graph: EXIT.mismatch,
  /** Has nothing to judge, and its design expects that it has. */
  vacuous: EXIT.inconclusive,
  /** The search ended early, or the property has no verdict. */
  inconclusive: EXIT.inconclusive,
  /** Was violated, and is not any more, as its design expects. */
  fixed: EXIT.holds,
  /** The verdict is as recorded, but not the counts or the counterexample. */
  changed: EXIT.holds,
  /** Not recorded, and as its design expects. */
  new: EXIT.holds,
} as const

export type FindingKind = keyof typeof FINDINGS

/** One difference. */
export interface Finding {
  readonly kind: FindingKind
  /** `DESIGN in SCENARIO`; empty for a step. */
  readonly cell: string
  /** Null for what is about the whole cell. */
  readonly property: string | null
  /** What was recorded, in words; null if nothing was. */
  readonly was: string | null
  /** What was found, in words; null if nothing was. */
  readonly now: string | null
  /** What else is to be known; null for nothing. */
  readonly note: string | null
}

/** A cell that was searched, and its design. */
export interface Searched {
  readonly design: Pick<Design<never>, 'id' | 'expect'>
  readonly judged: JudgedCell
}

/** What is compared. */
export interface Comparison {
  readonly baseline: Baseline
  /** In the order of the report. */
  readonly cells: readonly Searched[]
  /** Names of all cells that there are, if all were searched; null for a part, of which the rest says nothing. */
  readonly all: readonly string[] | null
  /** Whether some behaviour must take each step. */
  readonly everyStep: boolean
  /** Whether another number of states is a failure. */
  readonly sameGraph: boolean
}

const nameOf = ({ design, scenario }: Pick<JudgedCell, 'design' | 'scenario'>): string =>
  `${design} in ${scenario}`

/** All differences, cell by cell; steps that are never taken and cells that are gone come last. */
export function compare({ baseline, cells, all, everyStep, sameGraph }: Comparison): Finding[] {
  const found = cells.flatMap(({ design, judged }) =>
    compareCell(design, judged, recordedCell(baseline, nameOf(judged)), sameGraph),
  )
  if (all === null) return found
  const names = new Set(all)
  const gone = Object.keys(baseline.cells)
    .filter((name) => !names.has(name))
    .map((name) =>
      finding('lost', name, null, {
        was: countsInWords(baseline.cells[name]),
        note: 'there is no such cell any more',
      }),
    )
  return [...found, ...(everyStep ? neverTaken(cells) : []), ...gone]
}

/** The steps that no behaviour takes; nothing is known of them unless every search was complete. */
function neverTaken(cells: readonly Searched[]): Finding[] {
  if (cells.some(({ judged }) => !judged.complete)) return []
  const taken = new Set(cells.flatMap(({ judged }) => judged.taken))
  const untaken = new Set(cells.flatMap(({ judged }) => judged.untaken))
  return [...untaken]
    .filter((step) => !isTaken(step, taken))
    .map((step) => finding('lost', '', null, { note: `${step} is never taken, in no cell` }))
}

function compareCell(
  design: Searched['design'],
  judged: JudgedCell,
  before: BaselineCell | undefined,
  sameGraph: boolean,
): Finding[] {
  const cell = nameOf(judged)
  const properties = judged.properties.flatMap((p) => compareProperty(design, judged, p, before))
  const was = before === undefined ? null : countsInWords(before)
  if (judged.modelError !== null)
    return [...properties, finding('model-error', cell, null, { was, now: judged.modelError })]
  if (!judged.complete)
    return [...properties, finding('inconclusive', cell, null, { was, now: judged.stopped ?? 'stopped' })]
  const ids = new Set(judged.properties.map(({ id }) => id))
  const gone = Object.entries(before?.properties ?? {})
    .filter(([id]) => !ids.has(id))
    .map(([id, { verdict }]) =>
      finding('lost', cell, id, { was: verdict, note: 'it is not judged here any more' }),
    )
  const rest = before === undefined ? [newCell(judged)] : changes(judged, before, sameGraph)
  return [...properties, ...gone, ...rest]
}

const newCell = (judged: JudgedCell): Finding =>
  finding('new', nameOf(judged), null, { now: countsInWords(judged) })

function compareProperty(
  design: Searched['design'],
  judged: JudgedCell,
  p: JudgedProperty,
  recorded: BaselineCell | undefined,
): Finding[] {
  const cell = nameOf(judged)
  const before =
    recorded !== undefined && Object.hasOwn(recorded.properties, p.id) ? recorded.properties[p.id] : undefined
  const expected = expectedVerdict(design, judged.scenario, p)
  const isExpected = isAsExpected(design, judged.scenario, p)
  const was = before === undefined ? null : verdictInWords(before)
  const say = (kind: FindingKind, note: string | null = null): Finding[] => [
    finding(kind, cell, p.id, { was, now: verdictInWords(p), note }),
  ]
  if (p.verdict === 'violated') {
    if (!isExpected)
      return say('introduced', before?.verdict === 'violated' ? 'recorded, but not expected' : null)
    if (recorded !== undefined && before?.verdict !== 'violated')
      return say('introduced', 'expected, but not recorded')
    return pinnedOtherwise(design, judged, p) ? say('different', 'its design pins another length') : []
  }
  // Of a search that ended early only what was found counts.
  if (!judged.complete) return []
  if (expected === 'violated' && !isExpected) return say('not-caught')
  if (before?.verdict === 'violated') return isExpected ? say('fixed') : say('not-caught')
  if (isUnjudged(p.verdict)) {
    if (before !== undefined && !isUnjudged(before.verdict)) return say('lost', 'it has nothing to judge')
    return isExpected ? [] : say('vacuous')
  }
  if (p.verdict === 'inconclusive') {
    if (!isExpected) return say('inconclusive', p.upTo === null ? null : `judged up to the oops ${p.upTo}`)
    return before === undefined || before.verdict === p.verdict ? [] : say('changed')
  }
  if (!isExpected) return say('different', `its design expects ${expected}`)
  return before === undefined || before.verdict === p.verdict ? [] : say('changed')
}

const isUnjudged = (verdict: JudgedProperty['verdict']): boolean =>
  verdict === 'vacuous' || verdict === 'not-applicable' || verdict === 'not-reached'

function pinnedOtherwise(
  { expect }: Searched['design'],
  { scenario }: JudgedCell,
  { id, length }: JudgedProperty,
): boolean {
  const pinned = expect.find((e) => e.scenario === scenario && e.property === id)?.length
  return pinned !== undefined && pinned !== length
}

/** Counts and counterexamples that differ, in one finding. */
function changes(judged: JudgedCell, before: BaselineCell, sameGraph: boolean): Finding[] {
  const cell = nameOf(judged)
  const [was, now] = [countsInWords(before), countsInWords(judged)]
  const isSame = was === now
  const others = judged.properties.flatMap(({ id, verdict, antecedent, length, counterexample }) => {
    const recorded = Object.hasOwn(before.properties, id) ? before.properties[id] : undefined
    if (recorded === undefined || recorded.verdict !== verdict) return []
    const isLonger = (recorded.length ?? null) !== length
    const isOther = (recorded.counterexample ?? null) !== counterexample
    return [
      ...(isLonger ? [`${id} in ${length} steps, was ${recorded.length}`] : []),
      ...(isOther && !isLonger ? [`another counterexample of ${id}`] : []),
      ...(isSame && recorded.antecedent !== antecedent
        ? [`${id} judged ${antecedent} times, was ${recorded.antecedent}`]
        : []),
    ]
  })
  if (isSame && others.length === 0) return []
  const note = others.length === 0 ? null : others.join('; ')
  const isOtherGraph = !isSame || others.some((other) => !other.startsWith('another '))
  return [
    finding(
      sameGraph && isOtherGraph ? 'graph' : 'changed',
      cell,
      null,
      isSame ? { note } : { was, now, note },
    ),
  ]
}

function finding(
  kind: FindingKind,
  cell: string,
  property: string | null,
  { was = null, now = null, note = null }: Partial<Finding>,
): Finding {
  return { kind, cell, property, was, now, note }
}

function countsInWords({
  states,
  transitions,
  depth,
  deadlocks,
}: Pick<BaselineCell, 'states' | 'transitions' | 'depth' | 'deadlocks'>): string {
  return `${states} states, ${transitions} transitions, depth ${depth}, ${deadlocks} deadlocks`
}

function verdictInWords({
  verdict,
  antecedent,
  length,
}: Pick<BaselineCell['properties'][string], 'antecedent'> & {
  readonly verdict: JudgedProperty['verdict']
  readonly length?: number | null | undefined
}): string {
  if (verdict === 'violated') return `violated in ${length} steps`
  if (verdict === 'reached') return `reached in ${length} steps`
  return verdict === 'holds' ? `holds, judged ${antecedent} times` : verdict
}

/** The exit statuses of all findings. */
export const statusesOf = (findings: readonly Finding[]): number[] =>
  findings.map(({ kind }) => FINDINGS[kind])
