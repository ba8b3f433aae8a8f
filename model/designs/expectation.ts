import type { Property } from '../language/property.ts'
import type { Design, Expectation } from './design.ts'

/** Properties that a design violates in a scenario. */
export function violated(scenario: string, ...properties: string[]): Expectation[] {
  return properties.map((property) => ({ scenario, property, verdict: 'violated' }))
}

/** A violated property, with the reason where a mail, a commit or a CVE claims otherwise. */
export function violatedBecause(scenario: string, property: string, note: string): Expectation {
  return { scenario, property, verdict: 'violated', note }
}

/** Properties whose antecedent never occurs in a scenario, and why. */
export function vacuous(note: string, scenario: string, ...properties: string[]): Expectation[] {
  return properties.map((property) => ({ scenario, property, verdict: 'vacuous', note }))
}

/** Witnesses that a design does not reach in a scenario, and why. */
export function notReached(note: string, scenario: string, ...properties: string[]): Expectation[] {
  return properties.map((property) => ({ scenario, property, verdict: 'not-reached', note }))
}

/** Expectations of some kernels only. */
export function onKernels(
  kernels: readonly string[],
  ...expectations: readonly Expectation[]
): readonly Expectation[] {
  return expectations.map((expectation) => ({ ...expectation, kernels }))
}

/** The verdict that a design expects: the listed one, otherwise `holds`, or `reached` for a witness. */
export function expectedVerdict(
  { expect }: Pick<Design<never>, 'expect'>,
  scenario: string,
  { id, kind }: { readonly id: string; readonly kind: string },
): Expectation['verdict'] {
  const listed = expect.find((e) => e.scenario === scenario && e.property === id)
  return listed?.verdict ?? (kind === 'witness' ? 'reached' : 'holds')
}

/** The part of a result that is compared with an expectation. */
export interface Found extends Pick<Property<never>, 'id'> {
  readonly kind: string
  readonly verdict: string
  readonly antecedent: number
  /** False if it is judged by default, and so need not have anything to judge. Default true. */
  readonly asked?: boolean
  /** The property of the oops that ends behaviours early, if that is the only reason for `inconclusive`. */
  readonly upTo?: string | null | undefined
}

/**
 * Whether a verdict is the expected one. If an oops ends behaviours early, no property beside it can do better than
 * `inconclusive`: that counts as `holds` if its antecedent occurred, otherwise as `vacuous` or `not-reached`. The
 * oops itself is compared separately. A property that was not asked for may have nothing to judge before the oops.
 */
export function isAsExpected(design: Pick<Design<never>, 'expect'>, scenario: string, found: Found): boolean {
  const expected = expectedVerdict(design, scenario, found)
  if (found.verdict === expected) return true
  // The property was not asked for and does not apply: compatible with `holds` and with `vacuous`.
  if (found.verdict === 'not-applicable') return expected === 'holds' || expected === 'vacuous'
  if (found.verdict !== 'inconclusive' || (found.upTo ?? null) === null) return false
  if (found.antecedent > 0) return expected === 'holds'
  return (
    expected === 'vacuous' || expected === 'not-reached' || (found.asked === false && expected === 'holds')
  )
}
