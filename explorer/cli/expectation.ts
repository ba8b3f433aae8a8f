import type { Design, Expectation } from '../../model/designs/design.ts'
import { EXIT } from './exit-status.ts'
import type { CheckReport, PropertyReport } from './report.ts'

/** How a verdict compares with what the design says of itself. */
export type Match = 'expected' | 'unexpected' | 'missed' | 'open'

/** What a design expects of a property in a scenario; a cell that is not listed must hold. */
export function expectedVerdict(
  design: Pick<Design<unknown>, 'expect'>,
  scenario: string,
  property: string,
): Expectation['verdict'] {
  const found = design.expect.find((e) => e.scenario === scenario && e.property === property)
  return found?.verdict ?? 'holds'
}

/**
 * Compares one verdict with the expectation. Up to a fault is as good as a property can hold beside it; the
 * fault itself is compared on its own.
 */
export function matchOf(
  design: Pick<Design<unknown>, 'expect'>,
  scenario: string,
  { id, verdict, upTo }: Pick<PropertyReport, 'id' | 'verdict' | 'upTo'>,
): Match {
  const expected = expectedVerdict(design, scenario, id)
  if (verdict === 'inconclusive') return upTo !== null && expected === 'holds' ? 'expected' : 'open'
  if (expected === verdict) return 'expected'
  return expected === 'holds' ? 'unexpected' : 'missed'
}

/** The exit statuses that one report calls for where expectations count. */
export function statusesOf(design: Pick<Design<unknown>, 'expect'>, report: CheckReport): number[] {
  const matches = report.properties.map((p) => matchOf(design, report.scenario, p))
  return [
    ...(matches.includes('unexpected') ? [EXIT.violated] : []),
    ...(report.modelError === null ? [] : [EXIT.usage]),
    ...(matches.includes('missed') ? [EXIT.mismatch] : []),
    ...(matches.includes('open') || !report.complete ? [EXIT.inconclusive] : []),
  ]
}
