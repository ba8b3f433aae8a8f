import { contextSwitches } from '../../counterexamples/context-switches.ts'
import { type Counterexample, counterexampleOf } from '../../counterexamples/counterexample-file.ts'
import { quickly, shrink } from '../../counterexamples/shrink.ts'
import { Verifier } from '../../counterexamples/verifier.ts'
import type { Trace } from '../../model/language/trace.ts'
import { goalReachableIn } from '../search/index.ts'
import { builtSystem } from './built-systems.ts'
import { findProperty, oopsPropertiesOf } from './catalogue.ts'
import type { Checker } from './checker.ts'
import type { Confirm } from './confirm.ts'
import type { CounterexampleWriter } from './counterexample-writer.ts'
import type { CounterexampleReport } from './report/report.ts'
import { carriedBy } from './user-files.ts'
import { tryToWriteCounterexample } from './write-counterexample.ts'

/** Shrinks each violation, writes it to `ce-ID.json` and has it confirmed. */
export function counterexampleFiles(
  { catalogue, version, modelHash }: Checker,
  confirm: Confirm,
): CounterexampleWriter {
  return {
    async write(cell, violated, { out, shortest, onUnwritten }) {
      if (violated.length === 0) return new Map()
      const system = builtSystem(cell.scenario, cell.design)
      const goalReachable = goalReachableIn(system, { faults: oopsPropertiesOf(catalogue, cell.design) })
      const found = violated.map((result) => {
        const property = findProperty(catalogue, result.id, cell.design)
        const verifier = new Verifier(system, property, goalReachable)
        // Fewer steps first; where the search already guarantees the fewest, only fewer context switches.
        const trace = shrink(result.trace as Trace, system, quickly(system, property, verifier), { shortest })
        return counterexampleOf({
          tool: version,
          scenario: cell.scenario.id,
          design: cell.design.id,
          kernel: cell.scenario.kernel,
          ...carriedBy(cell.files),
          property: result,
          trace,
          model: modelHash(),
          subject: result.subject,
          fairness: result.fairness,
        })
      })
      const files = found.map((ce) => tryToWriteCounterexample(out, ce, onUnwritten))
      const unconfirmed = await Promise.all(found.map((ce) => confirm(ce, cell.files)))
      return new Map(
        found.map((ce, n) => [
          ce.property,
          { ...reportOf(ce, files[n], shortest), unconfirmed: unconfirmed[n] },
        ]),
      )
    },
  }
}

function reportOf(
  ce: Counterexample,
  file: string | null,
  shortest: boolean,
): Omit<CounterexampleReport, 'unconfirmed'> {
  return {
    id: ce.id,
    file,
    contents: file === null ? ce : null,
    length: ce.steps.length,
    contextSwitches: contextSwitches(ce.steps),
    loopStart: ce.loopStart,
    // The search finds a shortest way to a loop, but not the loop with the shortest way.
    shortest: shortest && ce.loopStart === null,
  }
}
