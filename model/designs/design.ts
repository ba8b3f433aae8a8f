import type { Property } from '../language/property.ts'
import type { Change } from '../scenarios/additions.ts'

/** The expected verdict; a property that is not listed must hold, a witness must be reached. */
export type Expectation = Expected | Unjudged

interface Expected {
  /** The kernels, by id, if it is not expected on all on which the design sits. */
  readonly kernels?: readonly string[]
  readonly scenario: string
  readonly property: string
  readonly verdict: 'holds' | 'violated' | 'reached'
  /** Length of a shortest counterexample in steps, where a test pins it. */
  readonly length?: number
  /** Why the verdict differs from what a mail, a commit or a CVE claims. */
  readonly note?: string
}

/** A property whose antecedent never occurs in the scenario, or a witness that is not reached. */
interface Unjudged {
  readonly kernels?: readonly string[]
  readonly scenario: string
  readonly property: string
  readonly verdict: 'vacuous' | 'not-reached'
  readonly length?: undefined
  /** Why that is correct. */
  readonly note: string
}

/** What a design is: CONTRIBUTING.md says when each is used. */
export const STATUSES = ['upstream', 'before', 'rejected', 'bug', 'candidate', 'control'] as const

/**
 * A named variant of KVM: patches on named steps of the base. `upstream` has none. Results, documents and the
 * command line use the same names.
 */
export interface Design<W> extends Change<W> {
  /** Stable name in words, `prev-roots-tested-by-current`. */
  readonly id: string
  /** Short names, for example `R1`; case is ignored. */
  readonly aliases: readonly string[]
  /** The change in one line, as in the subject of a commit. */
  readonly title: string
  readonly status: (typeof STATUSES)[number]
  readonly kernel: {
    /** The commit that introduced or fixed it; absent if there is none. */
    readonly commit?: string
    /** Versions that carry it, `v5.18`. */
    readonly version: string
    readonly function: string
  }
  /** What goes wrong, or why nothing does, and what is known about it. */
  readonly about: string
  /** Scenarios in which the change can be seen. */
  readonly scenarios: readonly string[]
  /** The kernels on which the design sits, by id; absent: all. It is no change of a kernel that has it already. */
  readonly kernels?: readonly string[]
  readonly expect: readonly Expectation[]
}

/** The properties that a design adds; they are checked in the scenarios of the design only. */
export function addedProperties<W>(
  { adds, scenarios }: Pick<Design<W>, 'adds' | 'scenarios'>,
  scenario: string,
): readonly Property<W>[] {
  return scenarios.includes(scenario) ? (adds?.properties ?? []) : []
}
