import { match } from 'ts-pattern'
import type { Property } from '../../model/language/property.ts'
import type { CompiledSystem } from '../compile/compiled-system.ts'
import { PREDICATE_VALUE } from '../compile/predicates.ts'
import { RECORD } from '../compile/transition-record.ts'
import { isStatePredicate } from '../search/verdicts.ts'

/** What a search, according to its checkpoint, has counted and found. */
export interface Claims {
  readonly states: number
  /** Number of expanded states. */
  readonly head: number
  readonly transitions: number
  /** How often each step was taken. */
  readonly fired: readonly number[]
  /** How often the antecedent of each property was true. */
  readonly antecedents: readonly number[]
  readonly findings: ReadonlyMap<string, { readonly state: number; readonly step: number | null }>
  readonly deadlocks: number
}

/** What the recordings of the search show: they were repeated by running model code again. */
export interface Evidence {
  readonly compiled: CompiledSystem
  /** Whether a state predicate, by number, was recorded with this value. */
  hadValue(predicate: number, value: number): boolean
  /** Whether some recorded steps were not taken: partial-order reduction looks ahead. */
  readonly looksAhead: boolean
}

/** Whether the recordings of a property have a true antecedent, and whether they decide it. */
interface Recorded {
  readonly antecedent: boolean
  readonly finding: boolean
}

/**
 * What a checkpoint claims that contradicts its recordings, or null. Each finding needs a recording that decides the
 * property, and each such recording needs a finding.
 */
export function contradictionIn(
  claims: Claims,
  properties: readonly Property<never>[],
  evidence: Evidence,
): string | null {
  return (
    wrongCounts(claims, properties, evidence) ??
    wrongFindings(claims, properties, evidence) ??
    wrongProperties(claims, properties, evidence)
  )
}

function wrongCounts(
  { states, head, transitions, fired, antecedents, deadlocks }: Claims,
  properties: readonly Property<never>[],
  { compiled, looksAhead }: Evidence,
): string | null {
  if (fired.length !== compiled.steps.length || antecedents.length !== properties.length)
    return 'it has counts of other steps or properties'
  if (fired.reduce((sum, count) => sum + count, 0) !== transitions)
    return 'the counts of its steps do not add up to its transitions'
  if (deadlocks > head) return 'it has more deadlocks than expanded states'
  const recorded = new Uint8Array(fired.length)
  compiled.eachRecord((record) => {
    recorded[compiled.records[record + RECORD.step]] = 1
  })
  for (const [step, count] of fired.entries()) {
    if (count > 0 ? recorded[step] === 0 : recorded[step] === 1 && !looksAhead)
      return `step ${compiled.steps[step].path} was taken ${count} times, but its recordings say otherwise`
  }
  for (const [n, { id, kind }] of properties.entries())
    if (antecedents[n] > (kind === 'action' ? transitions : states))
      return `the antecedent of ${id} was true more often than there were states or steps`
  return null
}

/** Checks the findings against the kinds of properties. Only an oops may have no property. */
function wrongFindings(
  { states, head, findings }: Claims,
  properties: readonly Property<never>[],
  { compiled }: Evidence,
): string | null {
  const faults = new Set(compiled.faults.map((fault) => fault.property))
  for (const [id, { state, step }] of findings) {
    const kind = properties.find((p) => p.id === id)?.kind
    const isSound =
      kind === 'action' || faults.has(id)
        ? step !== null && step < compiled.steps.length && state < head
        : step === null && kind !== undefined && state < states
    if (!isSound) return 'it has a finding that no search makes'
  }
  return null
}

function wrongProperties(
  { antecedents, findings, deadlocks }: Claims,
  properties: readonly Property<never>[],
  evidence: Evidence,
): string | null {
  const { compiled, looksAhead } = evidence
  const recorded = recordedOf(properties, evidence, deadlocks)
  const differs = (isClaimed: boolean, isRecorded: boolean): boolean =>
    isClaimed ? !isRecorded : isRecorded && !looksAhead
  for (const [n, { id }] of properties.entries()) {
    if (differs(antecedents[n] > 0, recorded[n].antecedent))
      return `the antecedent of ${id} was true ${antecedents[n]} times, but its recordings say otherwise`
    if (differs(findings.has(id), recorded[n].finding))
      return `what was found about ${id} is not what its recordings say`
  }
  const unfound = compiled.faults.find(({ property }) => differs(findings.has(property), true))
  return unfound === undefined ? null : `the fault ${unfound.property} occurs, but was not found`
}

function recordedOf(
  properties: readonly Property<never>[],
  evidence: Evidence,
  deadlocks: number,
): Recorded[] {
  const { compiled } = evidence
  let violated = 0
  let antecedents = 0
  compiled.eachRecord((record) => {
    violated |= compiled.records[record + RECORD.violated]
    antecedents |= compiled.records[record + RECORD.antecedent]
  })
  const onStates: Property<never>[] = properties.filter((p) => isStatePredicate(p))
  const actions: Property<never>[] = properties.filter((p) => p.kind === 'action')
  return properties.map((property) => {
    const predicate = onStates.indexOf(property)
    const bit = 1 << actions.indexOf(property)
    const holds = predicate >= 0 && evidence.hadValue(predicate, PREDICATE_VALUE.holds)
    const fails = predicate >= 0 && evidence.hadValue(predicate, PREDICATE_VALUE.fails)
    return match(property.kind)
      .with('invariant', () => ({ antecedent: holds || fails, finding: fails }))
      .with('witness', () => ({ antecedent: holds, finding: holds }))
      .with('progress', () => ({ antecedent: holds, finding: false }))
      .with('action', () => ({ antecedent: (antecedents & bit) !== 0, finding: (violated & bit) !== 0 }))
      .with('deadlock', () => ({ antecedent: false, finding: deadlocks > 0 }))
      .with('fault', () => ({
        antecedent: false,
        finding: compiled.faults.some((fault) => fault.property === property.id),
      }))
      .otherwise(() => ({ antecedent: false, finding: false }))
  })
}
