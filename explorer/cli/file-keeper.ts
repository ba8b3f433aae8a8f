import { contextSwitches } from '../../counterexamples/context-switches.ts'
import {
  type Counterexample as CounterexampleFile,
  counterexampleOf,
} from '../../counterexamples/counterexample-file.ts'
import { shrink } from '../../counterexamples/shrink.ts'
import { Verifier } from '../../counterexamples/verifier.ts'
import { quotedPath } from '../../model/language/quoted.ts'
import type { Trace } from '../../model/language/trace.ts'
import { goalReachableIn } from '../search/index.ts'
import { builtSystem } from './built-systems.ts'
import { faultsOf, findProperty } from './catalogue.ts'
import type { Checker } from './checker.ts'
import type { Confirm } from './confirm.ts'
import { UsageError } from './errors.ts'
import type { Keeper } from './keeper.ts'
import { carriedBy } from './own-files.ts'
import type { Counterexample } from './report/report.ts'
import { writeCounterexample } from './write-counterexample.ts'

/** Keeps each violation as `ce-ID.json` where that can be written, and has it confirmed. */
export function fileKeeper({ catalogue, version, modelHash }: Checker, confirm: Confirm): Keeper {
  return {
    async keep(cell, violated, { out, shortest, onUnwritten }) {
      if (violated.length === 0) return new Map()
      const faults = faultsOf(catalogue, cell.design)
      const system = builtSystem(cell.scenario, cell.design)
      const found = violated.map((property) => {
        const judge = findProperty(catalogue, property.id, cell.design)
        const goal = goalReachableIn(system, { faults })
        const verifier = new Verifier(system, judge, goal)
        // Fewer steps, unless there are none with fewer; then fewer context switches.
        const trace = shrink(property.trace as Trace, system, (candidate) => verifier.fails(candidate), {
          shortest,
        })
        return counterexampleOf({
          tool: version,
          scenario: cell.scenario.id,
          design: cell.design.id,
          ...carriedBy(cell.own),
          property,
          trace,
          model: modelHash(),
          subject: property.subject,
          fairness: property.fairness,
        })
      })
      const kept = found.map(
        (ce) => [ce.property, keptAs(ce, written(out, ce, onUnwritten), shortest)] as const,
      )
      await confirm(found)
      return new Map(kept)
    },
  }
}

/**
 * Writes a counterexample; what was found is not lost when that fails.
 * @param onUnwritten told why.
 * @returns the path of the file, or null.
 */
export function written(
  out: string,
  ce: CounterexampleFile,
  onUnwritten: (why: string) => void,
): string | null {
  try {
    return writeCounterexample(out, ce)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    onUnwritten(`cannot write to ${quotedPath(out)}: ${code}`)
    return null
  }
}

function keptAs(ce: CounterexampleFile, file: string | null, shortest: boolean): Counterexample {
  return {
    id: ce.id,
    file,
    contents: file === null ? ce : null,
    length: ce.steps.length,
    contextSwitches: contextSwitches(ce.steps),
    loopStart: ce.loopStart,
    // Of a behaviour without end only the way to its loop is a shortest one.
    shortest: shortest && ce.loopStart === null,
  }
}

/** Does something to the output folder. @throws UsageError when it cannot be written to. */
export function writeTo<T>(path: string, write: () => T): T {
  try {
    return write()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    throw new UsageError(`cannot write to ${quotedPath(path)}: ${code}`)
  }
}
