/** What every format is written from: a run as suites of cases, a suite for each search. */

export const FORMATS = ['text', 'ktap', 'junit', 'sarif', 'github', 'markdown'] as const
export type Format = (typeof FORMATS)[number]

export interface Output {
  readonly version: string
  readonly modelHash: string
  /** The last line of the text, with the verdict. */
  readonly verdict: string
  readonly suites: readonly Suite[]
}

/** A search; or what is about none of them. */
export interface Suite {
  readonly name: string
  /** One line each: counts, what was reduced. */
  readonly notes: readonly string[]
  readonly cases: readonly Case[]
}

/**
 * What became of a property: `fail` and `error` fail a report, `skip` has no verdict, and does not fail it by itself; a
 * search that did not finish has a case of its own that does.
 */
export type CaseOutcome = 'pass' | 'fail' | 'error' | 'skip'

export interface Case {
  /** Id of the property; or of what else was asked, `search-complete`. */
  readonly name: string
  /** The property in a sentence; empty where there is none. */
  readonly title: string
  readonly outcome: CaseOutcome
  /** The verdict, and what else is to be known, in one line. */
  readonly words: string
  /** The heading that it stands under in a summary, `introduced`. */
  readonly kind: string
  /** The behaviour that shows it; null without one. */
  readonly behaviour: Behaviour | null
}

export interface Behaviour {
  readonly id: string
  /** Path of the counterexample; null where it could not be written. */
  readonly file: string | null
  /** Lines of at most 75 columns. */
  readonly diagram: string
  readonly steps: readonly { readonly thread: string; readonly step: string; readonly text: string }[]
}

/** The case of a suite that says whether the search was complete. */
export const COMPLETE = 'search-complete'

/** Cases that fail, each with its suite, those with the shortest behaviours first. */
export function failures(output: Output): { readonly suite: Suite; readonly each: Case }[] {
  const length = ({ behaviour }: Case): number => behaviour?.steps.length ?? Number.POSITIVE_INFINITY
  return output.suites
    .flatMap((suite) => suite.cases.map((each) => ({ suite, each })))
    .filter(({ each }) => each.outcome === 'fail' || each.outcome === 'error')
    .toSorted((a, b) => length(a.each) - length(b.each))
}
