import { z } from 'zod'
import { boundOptionsOf } from '../bound-options.ts'
import { allProperties, findNamed } from '../catalogue.ts'
import { catalogueOfKernel } from '../catalogue-of-kernel.ts'
import type { CommandContext } from '../command-context.ts'
import { aboutBlocks } from '../explain/about-blocks.ts'
import { aboutBound } from '../explain/about-bound.ts'
import { aboutDesign } from '../explain/about-design.ts'
import { aboutDesignFile } from '../explain/about-design-file.ts'
import { aboutDifference } from '../explain/about-difference.ts'
import { aboutMachine } from '../explain/about-machine.ts'
import { aboutProperty } from '../explain/about-property.ts'
import { aboutQuestion } from '../explain/about-question.ts'
import { aboutScenario } from '../explain/about-scenario.ts'
import { aboutSteps } from '../explain/about-steps.ts'
import { occurrenceRows } from '../explain/occurrence-rows.ts'
import { print } from '../explain/rows.ts'
import { machinesOf } from '../machines.ts'
import { readOptions } from '../options.ts'
import { readUserDesign } from '../read-user-design.ts'
import { isDesignFile } from '../user-design.ts'

const options = z.object({ kernel: z.string().optional() })

/**
 * `mmucheck explain`: what a property, design, scenario, bound, question, machine, block or step means. A name that
 * several of them share is explained for each.
 * @throws UsageError for an unknown name.
 */
export async function explain(
  { catalogue: all, ...rest }: CommandContext,
  name: string,
  raw: unknown,
): Promise<number> {
  const { kernel } = readOptions(options, raw)
  const catalogue = catalogueOfKernel(all, kernel)
  const context = { ...rest, catalogue }
  const { io } = rest
  // A path of a step has slashes, too.
  if (isDesignFile(name.slice(name.lastIndexOf('/') + 1))) {
    print(io, [aboutDesignFile(context, await readUserDesign({ ...rest, catalogue: all }, catalogue, name))])
    return 0
  }
  const machines = machinesOf(catalogue)
  const property = findNamed(allProperties(catalogue), name)
  const design = findNamed(catalogue.designs, name)
  const scenario = findNamed(catalogue.scenarios, name)
  const machine = findNamed(machines, name)
  const question = findNamed(catalogue.questions ?? [], name)
  const bound = findNamed(boundOptionsOf(catalogue), name.replace(/^bounds\./i, ''))
  const texts = [
    ...(question === undefined ? [] : [aboutQuestion(context, question)]),
    ...(property === undefined ? [] : [aboutProperty(context, property)]),
    ...(design === undefined ? [] : [aboutDesign(context, design)]),
    ...(scenario === undefined ? [] : [aboutScenario(context, scenario)]),
    ...(machine === undefined ? [] : [aboutMachine(context, machine)]),
    ...aboutDifference(all, name),
    ...(bound === undefined ? [] : [aboutBound(context, bound)]),
    ...aboutBlocks(context, machines, name),
    ...aboutSteps(context, machines, name),
  ]
  if (texts.length > 0) print(io, texts)
  else print(io, [await occurrenceRows(context, machines, name)])
  return 0
}
