import type { CitedStep } from './cited.ts'
import type { Definitions } from './definitions.ts'
import type { FunctionText } from './inlined.ts'
import { occurrences } from './tokens.ts'

/** A step and the line where its statement was found. */
export interface FoundStep {
  readonly step: string
  readonly statement: string
  readonly line: number
}

/** Steps that stand in another order than their statements. */
export interface WrongOrder {
  readonly fn: string
  readonly file: string
  readonly line: number
  /** The steps in the order of the model, and in that of the source. */
  readonly model: readonly FoundStep[]
  readonly source: readonly FoundStep[]
}

/** Statements of a step that are not in its function. */
export function missingFrom(text: FunctionText, { statements }: CitedStep): string[] {
  return statements.filter((statement) => occurrences(text.tokens, statement).length === 0)
}

/**
 * Compares the order of the steps of one call with that of their statements. A statement may occur several times: the
 * steps are in order if there is one occurrence of each such that none is before that of an earlier step. Several
 * steps may share a statement. Steps of a callee are where it may be called. Loops do not matter: a program lists its
 * steps as the function does.
 * @returns null if the order is the same, whatever a step that is not found in `text` would say.
 */
export function wrongOrder(
  text: FunctionText,
  steps: readonly CitedStep[],
  definitions: Definitions,
): WrongOrder | null {
  const ordered = steps.filter(({ outOfOrder }) => outOfOrder === undefined)
  const callees = new Set(ordered.flatMap(({ callee = [] }) => callee))
  const placed = ordered
    .map((step) => ({ step, occurrences: placesOf(text, step, definitions, callees) }))
    .filter(({ occurrences: all }) => all.every((each) => each.length > 0))
  let [reached, place, earliest] = [0, -1, 0]
  for (const { step, occurrences: all } of placed) {
    // Alternatives of one place: each comes after what is before the choice, and before what is after it.
    if (step.place !== place) [reached, place, earliest] = [earliest, step.place, Number.POSITIVE_INFINITY]
    const end = endOf(all, reached) ?? (isRepeated(step, placed) ? endOf(all, 0) : null)
    if (end === null) return theOrders(text, placed)
    earliest = Math.min(earliest, end)
  }
  return null
}

/** A step with the places of each of its statements. */
interface PlacedStep {
  readonly step: CitedStep
  readonly occurrences: readonly (readonly number[])[]
}

/** Whether an earlier step has the same statements, with others in between: the function may be called again. */
function isRepeated(step: CitedStep, placed: readonly PlacedStep[]): boolean {
  const at = placed.findIndex((other) => other.step === step)
  const same = (other: CitedStep): boolean => other.statements.join('\n') === step.statements.join('\n')
  return (
    step.callee === undefined &&
    placed.slice(0, at - 1).some(({ step: other }) => other.callee === undefined && same(other))
  )
}

function placesOf(
  text: FunctionText,
  { statements, callee }: CitedStep,
  definitions: Definitions,
  callees: ReadonlySet<string>,
): readonly (readonly number[])[] {
  if (callee === undefined) return statements.map((statement) => occurrences(text.tokens, statement))
  const named = namedIn(text, callee, definitions, callees)
  // What is passed or stored, not called, may be called at any place after it.
  const passed = named.find((at) => text.tokens[at + 1]?.text !== '(')
  const after = passed === undefined ? [] : text.tokens.map((_, at) => at).slice(passed)
  return [[...named.filter((at) => passed === undefined || at < passed), ...after]]
}

/**
 * Where a function names a callee, or a function from which control reaches it. Not by way of another callee that has
 * steps in the same call: these would be in that one.
 */
function namedIn(
  text: FunctionText,
  callee: string,
  definitions: Definitions,
  callees: ReadonlySet<string>,
): number[] {
  const names = definitions.reaching(callee, callees)
  return text.tokens.flatMap((token, at) =>
    token.isInlined === undefined && token.text !== text.fn && names.has(token.text) ? [at] : [],
  )
}

/** Where the last statement of a step stands if its first is not before `from`; null if they do not fit. */
function endOf(all: PlacedStep['occurrences'], from: number): number | null {
  let at = from - 1
  for (const places of all) {
    const next = places.find((each) => each > at)
    if (next === undefined) return null
    at = next
  }
  return at
}

function theOrders(text: FunctionText, steps: readonly PlacedStep[]): WrongOrder {
  const located = steps.map(({ step: { step, statements, callee }, occurrences: [[at]] }) => ({
    step,
    statement: callee === undefined ? statements[0] : `${callee}()`,
    line: text.tokens[at].line,
    at,
  }))
  const plain = ({ step, statement, line }: (typeof located)[number]): FoundStep => ({
    step,
    statement,
    line,
  })
  return {
    fn: text.fn,
    file: text.file,
    line: text.line,
    model: withoutRuns(located).map(plain),
    source: withoutRuns([...located].sort((a, b) => a.at - b.at)).map(plain),
  }
}

/** Of steps at the same statement or call, one after the other, the first. */
const withoutRuns = <T extends { readonly statement: string }>(steps: readonly T[]): T[] =>
  steps.filter(({ statement }, n) => n === 0 || steps[n - 1].statement !== statement)
