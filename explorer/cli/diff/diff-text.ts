import { plural, table } from '../../../counterexamples/text-layout.ts'
import { LONGEST_MESSAGE, quoted } from '../../../model/language/quoted.ts'
import { EXIT, worstOf } from '../exit-status.ts'
import { stopInWords } from '../reason-words.ts'
import type { Style } from '../report/report-text.ts'
import { wrapAtSpaces } from '../wrap.ts'
import type { ComparedSide, OwnBehaviour } from './compare-cells.ts'
import type { ScenarioDiff, SidesDiff } from './compare-sides.ts'
import type { CellVerdicts, FoundVerdict, VerdictChange, VerdictPair } from './verdicts.ts'

type Layout = Pick<Style, 'colour' | 'width'>

/** Most names of steps in a list. */
const LISTED = 8

const CHANGE_WORDS: Readonly<Record<VerdictChange, string>> = {
  introduced: 'INTRODUCED',
  removed: 'removed',
  coverage: 'NOTHING TO JUDGE',
  open: 'not known',
  other: 'differs',
  same: '',
}

/** The block of one scenario: verdicts that differ, counts, behaviours that only one side has, costs. */
export function scenarioLines(diff: ScenarioDiff, { colour, width }: Layout): string[] {
  const { scenario, a, b, properties, systems } = diff
  const differing = properties.filter(({ change }) => change !== 'same')
  const alike = properties.length - differing.length
  const rows = [
    ['', 'A', 'B', ''],
    ...differing.map(pairRow),
    ...(alike === 0
      ? []
      : [
          [
            `${alike} ${differing.length === 0 ? '' : 'other '}${alike === 1 ? 'property' : 'properties'}`,
            'the same',
            'the same',
            '',
          ],
        ]),
    ['states', countOf(a, a.states), countOf(b, b.states), ''],
    ['transitions', countOf(a, a.transitions), countOf(b, b.transitions), ''],
  ]
  return [
    colour.bold(scenario),
    ...[a, b].flatMap((side, n) => unfinished(side, 'AB'[n], width)),
    ...indented(table(rows)),
    ...(systems === null ? [] : systemLines(systems.a, systems.b, width)),
  ]
}

const countOf = ({ complete }: CellVerdicts, count: number): string =>
  complete ? String(count) : `${count} so far`

const indented = (lines: readonly string[], by = '  '): string[] =>
  lines.map((line) => (line === '' ? '' : `${by}${line.trimEnd()}`))

const pairRow = ({ id, a, b, change }: VerdictPair): string[] => [
  id,
  verdictText(a),
  verdictText(b),
  CHANGE_WORDS[change],
]

/** `VIOLATED, 12 steps`, `holds`; `-` for what is not judged. */
export function verdictText(found: FoundVerdict | null): string {
  if (found === null) return '-'
  const word = found.verdict === 'violated' ? 'VIOLATED' : found.verdict.replaceAll('-', ' ')
  return found.length === null ? word : `${word}, ${plural(found.length, 'step')}`
}

function unfinished({ complete, stopped, modelError }: CellVerdicts, side: string, width: number): string[] {
  if (modelError !== null)
    return wrapAtSpaces(`${side}: MODEL ERROR: ${quoted(modelError, LONGEST_MESSAGE)}`, width, '  ')
  return complete ? [] : wrapAtSpaces(`${side}: INCOMPLETE: ${stopped ?? 'stopped'}`, width, '  ')
}

function systemLines(a: ComparedSide, b: ComparedSide, width: number): string[] {
  return [
    ...ownStepsLines(a, 'A', width),
    ...ownStepsLines(b, 'B', width),
    ...behaviourLines(a.ownBehaviour, 'A', 'B', width),
    ...behaviourLines(b.ownBehaviour, 'B', 'A', width),
    ...costLines(a, b, width),
  ]
}

function ownStepsLines({ ownSteps }: ComparedSide, side: string, width: number): string[] {
  if (ownSteps.length === 0) return []
  const more = ownSteps.length > LISTED ? ` and ${ownSteps.length - LISTED} more` : ''
  const names = ownSteps.slice(0, LISTED).map((name) => quoted(name))
  return wrapAtSpaces(`only ${side} has ${names.join(', ')}${more}`, width, '  ')
}

/** The behaviour that only one side has, as a race diagram. */
function behaviourLines(own: OwnBehaviour, side: string, other: string, width: number): string[] {
  if (own.kind === 'none') return ['', `  ${side} does nothing that ${other} cannot do.`]
  if (own.kind === 'not-decided') {
    const why =
      own.why === 'graphs'
        ? `more than the ${own.most} states that were explored`
        : `more than ${own.most} pairs of states`
    return [
      '',
      ...wrapAtSpaces(
        `Not decided: whether ${side} does something that ${other} cannot do needs ${why}.`,
        width,
        '  ',
      ),
    ]
  }
  const { steps, shortest, drawn } = own
  const heading = `Only ${side} does this, in ${plural(steps.length, 'step')}${shortest ? ', the fewest' : '; fewer may be enough'}:`
  return ['', ...wrapAtSpaces(heading, width, '  '), '', ...indented(drawn)]
}

/** What ways to the goal cost on both sides. */
function costLines(a: ComparedSide, b: ComparedSide, width: number): string[] {
  if (a.costs === null || b.costs === null) {
    const { stopped } = a.costs === null ? a : b
    const why = stopped === null ? 'a graph is not complete' : stopInWords(stopped)
    return ['', ...wrapAtSpaces(`Costs are not decided: ${why}.`, width, '  ')]
  }
  if (a.costs.length === 0) return []
  const { costs } = b
  const repeated = [...a.costs.map((c) => ['A', c] as const), ...costs.map((c) => ['B', c] as const)].flatMap(
    ([side, { id, repeated: step }]) => (step === null ? [] : [`${side}: ${id} repeat at ${quoted(step)}`]),
  )
  return [
    '',
    ...indented(
      table([
        ['cheapest and dearest way', 'A', 'B', ''],
        ...a.costs.map((cost, n) => {
          const [one, other] = [costText(cost), costText(costs[n])]
          return [cost.id, one, other, one === other ? '' : 'differs']
        }),
      ]),
    ),
    ...repeated.flatMap((line) => wrapAtSpaces(line, width, '    ')),
  ]
}

/** `1 to 3`, `1 to no bound`, `never there`. */
function costText({ least, most }: NonNullable<ComparedSide['costs']>[number]): string {
  if (least === null) return 'never there'
  return most === null ? `${least} to no bound` : least === most ? String(least) : `${least} to ${most}`
}

/** The last line: what the second side introduces and removes. */
export function diffVerdict(diff: SidesDiff): string {
  const count = (change: VerdictChange): number =>
    diff.scenarios.reduce((n, { properties }) => n + properties.filter((p) => p.change === change).length, 0)
  const open = diff.scenarios.filter(isOpen).length
  return [
    `mmucheck: ${plural(count('introduced'), 'violation')} introduced`,
    `${count('removed')} removed`,
    `${plural(count('same'), 'verdict')} the same`,
    ...(count('coverage') === 0 ? [] : [`${count('coverage')} with nothing to judge in B`]),
    ...(count('other') === 0 ? [] : [`${plural(count('other'), 'other difference')}`]),
    ...(open === 0 ? [] : [`${plural(open, 'scenario')} not decided`]),
  ].join(', ')
}

/** Whether something in a scenario is not decided: a verdict, a behaviour or a cost. */
export function isOpen({ a, b, properties, systems }: ScenarioDiff): boolean {
  if (!a.complete || !b.complete || properties.some(({ change }) => change === 'open')) return true
  if (systems === null) return false
  return [systems.a, systems.b].some(
    ({ ownBehaviour, costs }) => ownBehaviour.kind === 'not-decided' || costs === null,
  )
}

/** What may stay open without changing the exit status. */
interface Allowed {
  readonly incomplete: boolean
  readonly vacuous: boolean
}

/**
 * The exit status: 1 for a violation that the second side introduces, 2 for a wrong model, 4 for what is not decided, or
 * what has nothing to judge on the second side only. A search that only one result file has is not decided either.
 */
export function diffStatus({ scenarios, onlyA, onlyB }: SidesDiff, allowed: Allowed): number {
  const has = (change: VerdictChange): boolean =>
    scenarios.some(({ properties }) => properties.some((p) => p.change === change))
  const isWrong = scenarios.some(({ a, b }) => a.modelError !== null || b.modelError !== null)
  const isUndecided = scenarios.some(isOpen) || onlyA.length > 0 || onlyB.length > 0
  return worstOf([
    ...(has('introduced') ? [EXIT.violated] : []),
    ...(isWrong ? [EXIT.usage] : []),
    ...(isUndecided && !allowed.incomplete ? [EXIT.inconclusive] : []),
    ...(has('coverage') && !allowed.vacuous ? [EXIT.inconclusive] : []),
  ])
}
