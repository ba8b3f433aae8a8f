import type { Property } from '../language/property.ts'
import type { Change } from '../scenarios/additions.ts'

/** What a checker must find; a cell that is not listed must hold, or be reached when it is a witness. */
export type Expectation = Expected | Unjudged

interface Expected {
  readonly scenario: string
  readonly property: string
  readonly verdict: 'holds' | 'violated' | 'reached'
  /** Steps of a shortest counterexample, when it is pinned. */
  readonly length?: number
  /** Where our verdict differs from the literature: why. */
  readonly note?: string
}

/** A property that has nothing to judge there, or a situation that does not occur. */
interface Unjudged {
  readonly scenario: string
  readonly property: string
  readonly verdict: 'vacuous' | 'not-reached'
  readonly length?: undefined
  /** Why it can be so. */
  readonly note: string
}

/**
 * A named variant of KVM: a few patches on named steps of the baseline. `upstream` has no patches. Designs
 * are data; the same names are used in results, documents and on the command line.
 */
export interface Design<W> extends Change<W> {
  /** Stable name in words, `prev-roots-tested-by-current`. */
  readonly id: string
  /** Names in documents: `R1`. Matched without regard to case. */
  readonly aliases: readonly string[]
  /** One sentence: what is different. */
  readonly title: string
  readonly status: 'upstream' | 'before' | 'rejected' | 'bug' | 'candidate' | 'control'
  readonly kernel: {
    /** Commit that introduced the change; absent for designs that never were a commit. */
    readonly commit?: string
    /** Versions that carry it, `v5.18`. */
    readonly version: string
    readonly function: string
  }
  /** A paragraph: the design question, and what is known of the answer. */
  readonly about: string
  /** Scenarios in which the change can be seen. */
  readonly scenarios: readonly string[]
  readonly expect: readonly Expectation[]
}

/** The properties that a design adds, where they are judged: in the scenarios of the design. */
export function addedProperties<W>(
  { adds, scenarios }: Pick<Design<W>, 'adds' | 'scenarios'>,
  scenario: string,
): readonly Property<W>[] {
  return scenarios.includes(scenario) ? (adds?.properties ?? []) : []
}
