import type { ChalkInstance } from 'chalk'
import { plural } from '../../../counterexamples/text-layout.ts'
import { LONGEST_MESSAGE, quoted, quotedPath } from '../../../model/language/quoted.ts'
import { patchLine } from '../design-effect.ts'
import { notAppliedInWords, openInWords, stopInWords } from '../reason-words.ts'
import { wrapAtSpaces } from '../wrap.ts'
import { appliedIn, type CheckReport, type PropertyReport, visitedIn } from './report.ts'

/** Most names of steps in the list of those that were never taken. */
const LISTED = 8

/** Layout of the report. */
export interface Style {
  readonly colour: ChalkInstance
  readonly width: number
  /** Box-drawing and check marks instead of plain ASCII. */
  readonly unicode: boolean
  /** Print also which reductions and workers were not used, and why. */
  readonly allRemarks?: boolean
  /** Print also a line for each patch of the design. */
  readonly patches?: boolean
  /** The design file, if it is code: a counterexample cannot be shown without it. */
  readonly codeFile?: string
}

/** The block of one check: heading, a line per property, counterexamples, totals. */
export function checkBlock(check: CheckReport, heading: string, style: Style): string[] {
  const asked = check.properties.filter((p) => p.asked)
  const unasked = check.properties.filter((p) => !p.asked && isReported(p, check))
  const longest = Math.max(...[...asked, ...unasked].map((p) => p.id.length))
  return [
    ...headingLines(heading, style),
    ...(style.patches ? check.patches : []).flatMap((p, n) => hanging(patchLine(p, n), style.width)),
    ...check.remarks.flatMap((remark) => hanging(remark, style.width)),
    ...asked.flatMap((p) => propertyLines(p, longest, style)),
    ...(unasked.length === 0 ? [] : ['  not asked for:']),
    ...unasked.flatMap((p) => propertyLines(p, longest, style)),
    ...readFirst([...asked, ...unasked], style),
    ...Object.entries(check.leftOut).flatMap(([id, why]) =>
      hanging(`not judged: ${id}: ${why}`, style.width),
    ),
    ...modelErrorLines(check, style),
    ...(check.coverage === null ? [] : wrapAtSpaces(`coverage: ${whyIncomplete(check)}`, style.width, '  ')),
    ...wrapAtSpaces(totals(check), style.width, '  '),
    ...(style.allRemarks ? check.reduction.notApplied : []).flatMap((why) =>
      wrapAtSpaces(`not applied: ${notAppliedInWords(why)}`, style.width, '  '),
    ),
    ...(check.selfCheck === null ? [] : wrapAtSpaces(selfCheckOf(check, check.selfCheck), style.width, '  ')),
    ...neverTaken(check, style.width),
    ...(check.resumedFrom === null ? [] : [`  resumed from ${quotedPath(check.resumedFrom)}`]),
    ...(check.resume === null
      ? []
      : [`  to resume: the same command with --resume ${quotedPath(check.resume)}`]),
  ]
}

/** A property that was not requested is reported if violated, or inconclusive for no other reason in the report. */
export function isReported({ asked, verdict, upTo }: PropertyReport, { complete }: CheckReport): boolean {
  return asked || verdict === 'violated' || (verdict === 'inconclusive' && complete && upTo === null)
}

/** A line of a block, wrapped with a hanging indent. */
function hanging(text: string, width: number): string[] {
  const [first, ...rest] = wrapAtSpaces(text, width, '  ')
  return [first, ...wrapAtSpaces(rest.join(' '), width, '    ')]
}

/** The error in model code, and the trace to it. */
export function modelErrorLines(
  { modelError }: Pick<CheckReport, 'modelError'>,
  { colour, width }: Style,
): string[] {
  if (modelError === null) return []
  const { message, steps } = modelError
  const [first, ...rest] = hanging(`MODEL ERROR: ${quoted(message, LONGEST_MESSAGE)}`, width)
  const heading = [first, ...rest].map((line) => colour.red(line))
  if (steps === null) return [...heading, '    the trace to it is not known']
  if (steps.length === 0) return [...heading, '    in the initial state']
  const names = Math.max(...steps.map(({ thread }) => thread.length))
  const listed = steps.flatMap(({ thread, step, text }, n) => {
    const number = `    ${String(n + 1).padStart(String(steps.length).length)}. ${thread.padEnd(names)}  `
    const [line, ...more] = wrapAtSpaces(text === '' ? step : `${step}: ${text}`, width - number.length)
    return [number + line, ...more.map((each) => ' '.repeat(number.length + 2) + each)]
  })
  return [...heading, `    after ${plural(steps.length, 'step')}:`, ...listed]
}

/** A heading, wrapped if necessary. */
export function headingLines(text: string, { colour, width }: Style): string[] {
  const [first, ...rest] = wrapAtSpaces(text, width)
  return [first, ...wrapAtSpaces(rest.join(' '), width, '    ')].map((line) => colour.bold(line))
}

/** `complete, 1234 states, 5678 transitions, depth 30, 0.1 s`. */
export function totals(check: CheckReport): string {
  const { states, transitions, depth, seconds, deadlocks, workers } = check
  const parts = [
    ending(check),
    plural(states, 'state'),
    plural(transitions, 'transition'),
    `depth ${depth}`,
    `${seconds.toFixed(1)} s`,
    ...(workers > 1 ? [`${workers} workers`] : []),
    ...reductionOf(check),
    ...(deadlocks > 0 ? [plural(deadlocks, 'deadlock')] : []),
    ...collisionOf(check),
  ]
  return parts.join(', ')
}

function ending(check: CheckReport): string {
  if (check.complete) return 'complete'
  return check.coverage === null ? `INCOMPLETE: ${whyIncomplete(check)}` : 'INCOMPLETE by design'
}

const whyIncomplete = ({ incompleteReason }: CheckReport): string =>
  incompleteReason === null ? 'stopped' : stopInWords(incompleteReason)

function reductionOf(check: CheckReport): string[] {
  const order = `partial order (${plural(visitedIn(check) - check.states, 'more state')} visited, not stored)`
  const symmetry = `symmetry (${check.reduction.factor.toFixed(1)} times fewer states)`
  return {
    none: [],
    symmetry: [`reduced by ${symmetry}`],
    por: [`reduced by ${order}`],
    all: [`reduced by ${symmetry} and ${order}`],
  }[appliedIn(check)]
}

function selfCheckOf(
  check: CheckReport,
  { states, transitions, seconds }: NonNullable<CheckReport['selfCheck']>,
): string {
  if (appliedIn(check) === 'none') return 'self-check: the search was not reduced'
  const parts = [plural(states, 'state'), plural(transitions, 'transition'), `${seconds.toFixed(1)} s`]
  return `self-check: the full search ${check.complete ? 'agrees' : 'does not differ so far'} (${parts.join(', ')})`
}

function collisionOf({ complete, collisionProbability, collisionMeasured }: CheckReport): string[] {
  if (!complete || collisionMeasured === null) return []
  const [predicted, measured] = [collisionProbability, collisionMeasured].map((p) => p.toExponential(1))
  return [`omission probability below ${predicted} (measured: ${measured})`]
}

/** Verdicts that need attention are in capitals, so that they stand out without colour too. */
export function verdictWord(verdict: PropertyReport['verdict'], { colour, unicode }: Style): string {
  const [word, mark, paint] = {
    holds: ['holds', '\u2713 ', colour.green] as const,
    violated: ['VIOLATED', '\u2717 ', colour.red.bold] as const,
    inconclusive: ['inconclusive', '? ', colour.yellow] as const,
    vacuous: ['vacuous', '? ', colour.yellow] as const,
    'not-applicable': ['not applicable', '- ', colour.dim] as const,
    reached: ['reached', '\u2713 ', colour.green] as const,
    'not-reached': ['NOT REACHED', '? ', colour.yellow.bold] as const,
  }[verdict]
  return paint((unicode ? mark : '') + word)
}

function propertyLines(p: PropertyReport, longest: number, style: Style): string[] {
  const word = verdictWord(p.verdict, style)
  const gap = ' '.repeat(Math.max(1, longest - p.id.length + 2))
  const note = noteOf(p)
  const padding = ' '.repeat(Math.max(0, 14 - (p.verdict.length + (style.unicode ? 2 : 0))))
  const verdict = `  ${p.id}${gap}${word}`
  const plain = Math.max(longest, p.id.length) + 4 + p.verdict.length + (style.unicode ? 2 : 0)
  const fits = plain + padding.length + note.length <= style.width
  const lines =
    note === ''
      ? [verdict]
      : fits
        ? [verdict + padding + note]
        : [verdict, ...wrapAtSpaces(note, style.width, '    ')]
  const ce = p.counterexample
  if (ce === null)
    return p.reason === null ? lines : [...lines, ...wrapAtSpaces(openInWords(p.reason), style.width, '    ')]
  const switches = plural(ce.contextSwitches, 'context switch')
  const loop = ce.loopStart === null ? '' : `, repeats from step ${ce.loopStart + 1}`
  const whose = p.subject === null ? '' : ` for ${p.subject}`
  const length = `${plural(ce.length, 'step')}${ce.shortest || ce.loopStart !== null ? '' : ' (may not be the fewest)'}`
  return [
    ...lines,
    `    ${length}, ${switches}${loop}${whose}: ${ce.file === null ? `${ce.id} (not written)` : quotedPath(ce.file)}`,
    ...(ce.unconfirmed === null ? [] : wrapAtSpaces(`NOT CONFIRMED: ${ce.unconfirmed}`, style.width, '    ')),
    ...fairnessOf(p, style.width),
  ]
}

/** Of several counterexamples, the one with the shortest story; nothing if there is no choice. */
function readFirst(properties: readonly PropertyReport[], { codeFile }: Style): string[] {
  const files = properties.flatMap(({ verdict, counterexample: ce }) =>
    verdict === 'violated' && ce !== null && ce.file !== null
      ? [{ file: ce.file, length: ce.length, switches: ce.contextSwitches }]
      : [],
  )
  if (files.length < 2) return []
  const [first] = files.toSorted((a, b) => a.length - b.length || a.switches - b.switches)
  const design = codeFile === undefined ? '' : ` --design ${quotedPath(codeFile)}`
  return [`  read first: mmucheck show ${quotedPath(first.file)}${design}`]
}

/** Why the loop satisfies each fairness constraint. */
function fairnessOf({ fairness }: PropertyReport, width: number): string[] {
  if (fairness === null || fairness.length === 0) return []
  const reasons = fairness.map(({ constraint, because }) => `${constraint}: ${because}`)
  return wrapAtSpaces(`the loop is fair: ${reasons.join('; ')}`, width, '    ')
}

/** How often there was something to judge. */
function noteOf({ kind, antecedent, verdict, upTo }: PropertyReport): string {
  if (upTo !== null) return `judged up to the oops ${upTo}`
  if (verdict === 'vacuous' || verdict === 'not-applicable' || verdict === 'not-reached') return ''
  if (kind === 'witness') return `seen in ${plural(antecedent, 'state')}`
  if (kind === 'progress') return `goal true in ${plural(antecedent, 'state')}`
  if (kind === 'deadlock' || kind === 'fault') return ''
  return kind === 'action'
    ? `judged on ${plural(antecedent, 'step')}`
    : `judged in ${plural(antecedent, 'state')}`
}

/** The steps of the design come first, and all are named: the check says nothing about one that is never taken. */
function neverTaken({ steps, ownSteps }: CheckReport, width: number): string[] {
  const all = [...steps]
  const never = all.filter(([, taken]) => taken === 0).map(([name]) => name)
  if (never.length === 0) return []
  const own = never.filter((name) => ownSteps.includes(name)).map((name) => `${name} (of the design)`)
  const others = never.filter((name) => !ownSteps.includes(name))
  const listed = others.slice(0, Math.max(0, LISTED - own.length))
  const more = others.length > listed.length ? ` and ${others.length - listed.length} more` : ''
  const text = `never taken (${never.length} of ${all.length} steps): ${[...own, ...listed].join(', ')}${more}`
  return wrapAtSpaces(text, width, '  ')
}
