import type { Design } from '../../model/designs/design.ts'
import { expectedVerdict, isAsExpected } from '../../model/designs/expectation.ts'
import { EXIT } from './exit-status.ts'
import type { CheckReport, PropertyReport } from './report/report.ts'

/**
 * How a verdict compares with the expectations of the design: `missed` is an expected violation that was not found,
 * `different` says more than expected, such as "holds" instead of "vacuous", and `open` does not say enough to
 * compare.
 */
export type Match = 'expected' | 'unexpected' | 'missed' | 'different' | 'open'

/** Compares one verdict with the expectation. */
export function matchOf(
  design: Pick<Design<never>, 'expect'>,
  scenario: string,
  found: Pick<PropertyReport, 'id' | 'kind' | 'asked' | 'verdict' | 'antecedent' | 'upTo'>,
): Match {
  const { verdict } = found
  if (isAsExpected(design, scenario, found)) return 'expected'
  if (verdict === 'inconclusive') return 'open'
  if (verdict === 'violated') return 'unexpected'
  if (expectedVerdict(design, scenario, found) === 'violated') return 'missed'
  return verdict === 'holds' || verdict === 'reached' ? 'different' : 'open'
}

/** The exit statuses of one report in a run in which expectations count. */
export function statusesOf(design: Pick<Design<never>, 'expect'>, report: CheckReport): number[] {
  const matches = report.properties.map((p) => matchOf(design, report.scenario, p))
  const isUnconfirmed = report.properties.some((p) => p.counterexample?.unconfirmed != null)
  return [
    ...(isUnconfirmed ? [EXIT.internal] : []),
    ...(matches.includes('unexpected') ? [EXIT.violated] : []),
    ...(report.modelError === null ? [] : [EXIT.usage]),
    ...(matches.includes('missed') || matches.includes('different') ? [EXIT.mismatch] : []),
    ...(matches.includes('open') || !report.complete ? [EXIT.inconclusive] : []),
  ]
}
