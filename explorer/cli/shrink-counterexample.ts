import { traceOf } from '../../counterexamples/counterexample-file.ts'
import type { Replayed } from '../../counterexamples/replay.ts'
import { quickly, shrink } from '../../counterexamples/shrink.ts'
import type { Trace } from '../../model/language/trace.ts'
import type { Scenario } from '../../model/scenarios/scenario.ts'
import {
  type InScenario,
  type ShrinkSubject,
  shortestIn,
  shrinkScenario,
  verifierOf,
} from './shrink-scenario.ts'

/** Fewer steps first, which bound the searches in smaller scenarios; then the scenario; then what a search still finds. */
export function shrunkFrom(
  found: Pick<Replayed, 'counterexample' | 'system'>,
  scenario: Scenario<unknown>,
  subject: ShrinkSubject,
  keepScenario: boolean,
): { readonly best: InScenario; readonly isShortest: boolean } {
  const { system } = found
  const { property } = subject
  const shrunkIn = ({ system: its, trace }: Pick<InScenario, 'system' | 'trace'>): Trace =>
    shrink(trace, its, quickly(its, property, verifierOf(its, subject)), { canonical: true })
  const fewer: InScenario = {
    scenario,
    contents: found.counterexample.scenarioFile ?? scenario.contents?.() ?? null,
    system,
    trace: shrunkIn({ system, trace: traceOf(found.counterexample) }),
  }
  // A smaller scenario makes the next search cheaper: most are found in a tenth of the states.
  const efforts = [Math.ceil(subject.maxStates / 10), subject.maxStates]
  let best = fewer
  let isShortest = false
  for (const maxStates of efforts) {
    const bounded = { ...subject, maxStates }
    if (!keepScenario) best = shrinkScenario(best, bounded)
    const shorter = shortestIn(best.system, bounded, best.trace.steps.length - 1)
    best = { ...best, trace: shrunkIn(shorter.trace === null ? best : { ...best, trace: shorter.trace }) }
    isShortest = shorter.isShortest
    if (isShortest) break
  }
  return { best, isShortest }
}
