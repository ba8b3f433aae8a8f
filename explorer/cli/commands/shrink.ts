import { join } from 'node:path'
import { z } from 'zod'
import {
  type Counterexample,
  counterexampleOf,
  formatCounterexample,
  traceOf,
} from '../../../counterexamples/counterexample-file.ts'
import type { Replayed } from '../../../counterexamples/replay.ts'
import { type Size, sizeOf } from '../../../counterexamples/shrink.ts'
import { plural } from '../../../counterexamples/text-layout.ts'
import type { Verifier } from '../../../counterexamples/verifier.ts'
import { whyText } from '../../../counterexamples/why.ts'
import { printableJson, quotedPath } from '../../../model/language/quoted.ts'
import type { Scenario } from '../../../model/scenarios/scenario.ts'
import { replaceFile } from '../../checkpoint/index.ts'
import { catalogueOfKernel } from '../catalogue-of-kernel.ts'
import type { CommandContext } from '../command-context.ts'
import { loadWithDesign, replayed, sourceOf } from '../counterexamples.ts'
import { count, readOptions } from '../options.ts'
import { shrunkFrom } from '../shrink-counterexample.ts'
import { type InScenario, type ShrinkSubject, verifierOf } from '../shrink-scenario.ts'
import { tryToWriteCounterexample } from '../write-counterexample.ts'

/** Enough for most scenarios of one vCPU. */
const MOST_STATES = 200_000

const options = z.object({
  design: z.string().optional(),
  out: z.string().min(1).default('out'),
  keepScenario: z.boolean().default(false),
  maxStates: count().default(MOST_STATES),
  quiet: z.boolean().default(false),
})

/**
 * `mmucheck shrink`: looks for a counterexample in a smaller scenario, with fewer steps, then fewer context switches,
 * in canonical order. Writes it to a new file, and says why it fails. If there is none, nothing is written.
 */
export async function shrink(context: CommandContext, name: string, raw: unknown): Promise<number> {
  const { design, out, keepScenario, maxStates, quiet } = readOptions(options, raw)
  const { io } = context
  const { replayed: found, given } = await loadWithDesign(context, { name, out, design })
  const { counterexample: ce } = found
  const source = sourceOf(context, ce, given)
  const subject: ShrinkSubject = {
    catalogue: catalogueOfKernel(context.catalogue, ce.kernel),
    design: source.design,
    property: found.property,
    maxStates,
  }
  const before = traceOf(ce)
  const { best, isShortest } = shrunkFrom(found, source.scenario, subject, keepScenario)
  const [was, is] = [sizeOf(before), sizeOf(best.trace)]
  const isSame = best.scenario === source.scenario && JSON.stringify(best.trace) === JSON.stringify(before)
  const smaller = isSame
    ? ce
    : shrunkOf(context, found, source.scenario, best, verifierOf(best.system, subject))
  const why = (): void => {
    if (quiet) return
    io.out(whyText(isSame ? found : replayed(context, smaller, given)).trimEnd())
    io.out('')
  }
  const shortest = isShortest ? ', a shortest one' : ''
  if (isSame) {
    why()
    io.out(`${ce.id}: ${sizeText(was)}${shortest}; there is no smaller one`)
    return 0
  }
  const warn = (why: string): void =>
    io.err(`mmucheck: warning: ${why}; the file's contents are printed; choose another folder with --out`)
  const file = tryToWriteCounterexample(out, smaller, warn)
  if (file === null) for (const line of formatCounterexample(smaller).trimEnd().split('\n')) io.out(line)
  else {
    why()
    if (best.scenario !== source.scenario)
      io.out(scenarioLine(best.scenario, source.scenario, writeScenario(out, smaller)))
  }
  io.out(
    `${sizeText(is)}${shortest} (from ${sizeText(was)}): ${file === null ? `${smaller.id} (not written)` : quotedPath(file)}`,
  )
  return 0
}

/** The counterexample of a violation that was found smaller. */
function shrunkOf(
  { version, modelHash }: CommandContext,
  { counterexample: ce, property }: Replayed,
  before: Scenario<unknown>,
  { scenario, contents, trace }: InScenario,
  verifier: Verifier,
): Counterexample {
  const isOwn = scenario !== before
  return counterexampleOf({
    tool: version,
    scenario: scenario.id,
    design: ce.design,
    kernel: ce.kernel,
    scenarioFile: isOwn && contents !== null ? contents : ce.scenarioFile,
    designFile: ce.designFile,
    designCode: ce.designCode,
    property,
    trace,
    model: modelHash(),
    subject: ce.subject ?? null,
    fairness: verifier.fairness(trace),
  })
}

const sizeText = ({ steps, contextSwitches }: Size): string =>
  `${plural(steps, 'step')}, ${plural(contextSwitches, 'context switch')}`

/** Writes the scenario beside the counterexample, for the command that reproduces it. */
function writeScenario(out: string, { scenario, scenarioFile }: Counterexample): string {
  const path = join(out, `${scenario}.scenario.json`)
  replaceFile(path, `${printableJson(scenarioFile)}\n`)
  return path
}

/** `smaller scenario: vcpus 1 (from 4), zap.threads 0 (from 1): out/x.scenario.json`. */
function scenarioLine(is: Scenario<unknown>, was: Scenario<unknown>, path: string): string {
  const changed = Object.entries(was.bounds).flatMap(([name, size]) => {
    const now = is.bounds[name] ?? 0
    return now === size ? [] : [`${name} ${now} (from ${size})`]
  })
  const what = changed.length === 0 ? 'another start' : changed.join(', ')
  return `smaller scenario: ${what}: ${quotedPath(path)}`
}
