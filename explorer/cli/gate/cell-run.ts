import { idOf } from '../../../counterexamples/counterexample-file.ts'
import type { Known } from '../../../counterexamples/known-file.ts'
import { shrink } from '../../../counterexamples/shrink.ts'
import { Verifier } from '../../../counterexamples/verifier.ts'
import type { Design } from '../../../model/designs/design.ts'
import { expectedVerdict, isAsExpected } from '../../../model/designs/expectation.ts'
import { judgedProperties } from '../../../model/designs/judged-properties.ts'
import type { Property } from '../../../model/language/property.ts'
import type { System } from '../../../model/language/system.ts'
import type { Trace } from '../../../model/language/trace.ts'
import type { Scenario } from '../../../model/scenarios/scenario.ts'
import { checkAgainstReference, type Recording } from '../../compile/index.ts'
import {
  breadthFirst,
  goalReachableIn,
  type PropertyResult,
  type SearchOptions,
  type SearchResult,
  type Verdict,
} from '../../search/index.ts'
import { type Judgement, judgement } from '../nothing-judged.ts'
import { isTaken, stepWithoutCallers } from './taken-steps.ts'

/** One search of the table: a design in one of its scenarios. */
export interface CellRun<W> {
  readonly design: Design<W>
  readonly scenario: Scenario<W>
  readonly system: System<W>
  /** What was judged, in the order of the result. */
  readonly properties: readonly Property<W>[]
  /** Those of them that the scenario lists or the design adds. */
  readonly listed: readonly Property<W>[]
  readonly result: SearchResult
}

/** A cell whose verdict is not the expected one. */
export interface Mismatch {
  readonly design: string
  readonly scenario: string
  readonly property: string
  readonly expected: Verdict
  readonly found: Judgement['verdict']
  /** Steps of the shortest violation found. */
  readonly length: number | null
}

/**
 * Searches one design in one scenario, with all properties that are judged there; every recording is made twice.
 * @param system the design in the scenario, where it is built already.
 */
export function runCell<W>(
  design: Design<W>,
  scenario: Scenario<W>,
  properties: readonly Property<W>[],
  options: SearchOptions = {},
  system: System<W> = scenario.build(design),
): CellRun<W> {
  const { listed, byDefault } = judgedProperties(design, scenario, properties)
  const judged = [...listed, ...byDefault]
  const result = breadthFirst(system, judged, {
    recheck: 'all',
    ...options,
  })
  return { design, scenario, system, properties: judged, listed, result }
}

/** What was found of each property, `not-applicable` where one that is judged by default has nothing to judge. */
export function verdictsOf<W>({ properties, listed, system, result }: CellRun<W>): Judgement[] {
  return result.properties.map((found, n) =>
    judgement(properties[n], found, listed.includes(properties[n]), system.threads, result.steps),
  )
}

/**
 * The counterexample that `check --reduce none` would report of a violation.
 * @param found the violated property.
 */
export function counterexampleIn<W>(
  { design, scenario, system }: Pick<CellRun<W>, 'design' | 'scenario' | 'system'>,
  property: Property<W>,
  { trace, subject, fairness }: Pick<PropertyResult, 'subject' | 'fairness'> & { readonly trace: Trace },
): Known {
  const verifier = new Verifier(system, property, goalReachableIn(system))
  const shrunk = shrink(trace, system, (candidate) => verifier.fails(candidate), { shortest: true })
  const { initial, steps, loopStart = null } = shrunk
  const known = {
    design: design.id,
    scenario: scenario.id,
    property: property.id,
    kind: property.kind,
    initial,
    steps: steps.map(({ thread, step }) => ({ thread, step })),
    loopStart,
    ...(subject === null ? {} : { subject }),
    ...(fairness === null ? {} : { fairness: fairness.map((reason) => ({ ...reason })) }),
  }
  return { ...known, id: idOf({ ...known, kernel: scenario.kernel }) }
}

/** The counterexamples of all violations of a cell. */
export function counterexamplesOf<W>(run: CellRun<W>): Known[] {
  return verdictsOf(run).flatMap((found, n) => {
    const { verdict, trace } = found
    return verdict === 'violated' && trace !== null
      ? [counterexampleIn(run, run.properties[n], { ...found, trace })]
      : []
  })
}

/** The cells of a run that are not as expected, pinned lengths included. */
export function mismatches<W>(run: CellRun<W>): Mismatch[] {
  const { design, scenario } = run
  return verdictsOf(run).flatMap((found) => {
    const { id, verdict, trace } = found
    const expected = expectedVerdict(design, scenario.id, found)
    const isExpected = isAsExpected(design, scenario.id, found)
    const pinned = design.expect.find((e) => e.scenario === scenario.id && e.property === id)?.length
    const length = trace?.steps.length ?? null
    if (isExpected && (pinned === undefined || pinned === length)) return []
    return [{ design: design.id, scenario: scenario.id, property: id, expected, found: verdict, length }]
  })
}

/**
 * As `runCell`, with every recorded behaviour held against xstate.
 * @throws ReferenceMismatch where they differ, Error when a complete search compared nothing.
 */
export function runCellAgainstReference<W>(
  design: Design<W>,
  scenario: Scenario<W>,
  properties: readonly Property<W>[],
  options: Omit<SearchOptions, 'onRecord'> = {},
): CellRun<W> {
  const system = scenario.build(design)
  const compare = checkAgainstReference(system)
  let compared = 0
  const onRecord = (recording: Recording): void => {
    compare(recording)
    compared++
  }
  const run = runCell(design, scenario, properties, { ...options, onRecord }, system)
  if (compared === 0 && run.result.complete)
    throw new Error(`no behaviour of ${design.id} in ${scenario.id} was compared with xstate`)
  return run
}

/** A mismatch in one line. */
export function describeMismatch({ design, scenario, property, expected, found, length }: Mismatch): string {
  const steps = length === null ? '' : ` in ${length} steps`
  return `${design} in ${scenario}: ${property} is expected to be ${expected}, found ${found}${steps}`
}

/**
 * The steps that no search took.
 * @param searches the steps of each search, and how often it took them.
 */
export function neverTaken(searches: Iterable<SearchResult['steps']>): string[] {
  const taken = new Map<string, number>()
  for (const steps of searches) {
    for (const [step, count] of steps) {
      const name = stepWithoutCallers(step)
      taken.set(name, (taken.get(name) ?? 0) + count)
    }
  }
  const once = new Set([...taken].flatMap(([step, count]) => (count > 0 ? [step] : [])))
  return [...taken.keys()].filter((step) => !isTaken(step, once))
}
