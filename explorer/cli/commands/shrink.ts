import { z } from 'zod'
import {
  counterexampleOf,
  formatCounterexample,
  traceOf,
} from '../../../counterexamples/counterexample-file.ts'
import { shrink as shrinkTrace, sizeOf } from '../../../counterexamples/shrink.ts'
import { plural } from '../../../counterexamples/text-layout.ts'
import { Verifier } from '../../../counterexamples/verifier.ts'
import { quotedPath } from '../../../model/language/quoted.ts'
import { goalReachableIn } from '../../search/index.ts'
import { findNamed, oopsPropertiesOf } from '../catalogue.ts'
import type { CommandContext } from '../command-context.ts'
import { load } from '../counterexamples.ts'
import { readOptions } from '../options.ts'
import { tryToWriteCounterexample } from '../write-counterexample.ts'

const options = z.object({ design: z.string().optional(), out: z.string().min(1).default('out') })

/**
 * `mmucheck shrink`: looks for a counterexample with fewer steps, then fewer context switches, and writes it to a new
 * file. If there is none, nothing is written.
 */
export function shrink(context: CommandContext, name: string, raw: unknown): number {
  const { design, out } = readOptions(options, raw)
  const { catalogue, io, version } = context
  const replayed = load(context, { name, out, design })
  const { counterexample: ce, system, property } = replayed
  const faults = oopsPropertiesOf(catalogue, findNamed(catalogue.designs, ce.design) ?? {})
  const verifier = new Verifier(system, property, goalReachableIn(system, { faults }))
  const before = traceOf(ce)
  const after = shrinkTrace(before, system, (trace) => verifier.fails(trace))
  const [was, is] = [sizeOf(before), sizeOf(after)]
  const size = ({ steps, contextSwitches }: typeof was): string =>
    `${plural(steps, 'step')}, ${plural(contextSwitches, 'context switch')}`
  if (was.steps === is.steps && was.contextSwitches === is.contextSwitches) {
    const why = ce.loopStart === null ? 'there is no smaller one' : 'a loop is not shrunk'
    io.out(`${ce.id}: ${size(was)}; ${why}`)
    return 0
  }
  const { scenario, design: its } = replayed
  const smaller = counterexampleOf({
    tool: version,
    scenario: scenario.id,
    design: its.id,
    kernel: ce.kernel,
    scenarioFile: ce.scenarioFile,
    designFile: ce.designFile,
    property,
    trace: after,
    model: context.modelHash(),
  })
  const warn = (why: string): void =>
    io.err(`mmucheck: warning: ${why}; the file's contents are printed; choose another folder with --out`)
  const file = tryToWriteCounterexample(out, smaller, warn)
  if (file === null) for (const line of formatCounterexample(smaller).trimEnd().split('\n')) io.out(line)
  io.out(
    `${size(is)} (from ${size(was)}): ${file === null ? `${smaller.id} (not written)` : quotedPath(file)}`,
  )
  return 0
}
