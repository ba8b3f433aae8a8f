import { z } from 'zod'
import type { Design } from '../../../model/designs/design.ts'
import { printableJson, quoted } from '../../../model/language/quoted.ts'
import { programsOf } from '../built-programs.ts'
import { builtSystem } from '../built-systems.ts'
import { type Catalogue, findDesign, findNamed, findScenario, hintFor, lookUp } from '../catalogue.ts'
import { catalogueOfKernel } from '../catalogue-of-kernel.ts'
import type { CommandContext } from '../command-context.ts'
import { UsageError } from '../errors.ts'
import { type Machine, machinesOf } from '../machines.ts'
import { readOptions } from '../options.ts'
import { designNamed } from '../read-user-design.ts'
import { chartOf, mermaidOf } from '../report/statechart.ts'

const options = z.object({
  as: z.enum(['mermaid', 'json']).default('mermaid'),
  scenario: z.string().optional(),
  design: z.string().optional(),
  kernel: z.string().optional(),
})

/**
 * `mmucheck machine`: a kind of thread as a statechart, with or without a design.
 * @throws UsageError for an unknown machine, scenario or design.
 */
export async function machine(
  { catalogue: all, ...rest }: CommandContext,
  name: string,
  raw: unknown,
): Promise<number> {
  const { as, scenario, design, kernel } = readOptions(options, raw)
  const { io } = rest
  const catalogue = catalogueOfKernel(all, kernel)
  const context = { ...rest, catalogue }
  const given = design === undefined ? undefined : (await designNamed(context, catalogue, design)).design
  const known = machineOf(catalogue, given, name) ?? findMachine(context, name)
  const change = given ?? (known.design === undefined ? undefined : findDesign(catalogue, known.design))
  const runsIn = (id: string): boolean =>
    programsOf(findScenario(catalogue, id), change?.adds).some(({ kind }) => kind === known.id)
  // With a design: the first of its scenarios in which such a thread runs.
  const at = scenario ?? change?.scenarios.find(runsIn) ?? known.scenarios[0]
  const { threads } = builtSystem(findScenario(catalogue, at), change)
  const kinds = threads.map((thread) => ({ id: thread.program.kind, thread }))
  const { thread } = lookUp(`machine of ${at}`, kinds, known.id)
  io.out(as === 'mermaid' ? mermaidOf(thread) : printableJson(chartOf(thread)))
  return 0
}

/** A machine that a design adds; undefined if it adds none of this name. */
function machineOf(
  catalogue: Catalogue,
  design: Design<unknown> | undefined,
  name: string,
): Pick<Machine, 'id' | 'scenarios' | 'design'> | undefined {
  if (design?.adds === undefined) return undefined
  for (const id of design.scenarios) {
    const programs = programsOf(findScenario(catalogue, id), design.adds)
    const found = programs.find(({ kind }) => kind.toLowerCase() === name.toLowerCase())
    if (found !== undefined) return { id: found.kind, scenarios: [id] }
  }
  return undefined
}

/** @throws UsageError for a name that no machine has, with a hint if something else has it. */
function findMachine(
  { catalogue }: CommandContext,
  name: string,
): Pick<Machine, 'id' | 'scenarios' | 'design'> {
  const wanted = name.toLowerCase()
  // Without an index one scenario after the other: most machines run in one of the first.
  if ((catalogue.machineIndex?.() ?? null) === null)
    for (const scenario of catalogue.scenarios) {
      const found = programsOf(scenario).find(({ kind }) => kind.toLowerCase() === wanted)
      if (found !== undefined) return { id: found.kind, scenarios: [scenario.id] }
    }
  const machines = machinesOf(catalogue)
  const hint = findNamed(machines, name) === undefined ? hintFor(catalogue, name) : null
  if (hint !== null) throw new UsageError(`no machine is called "${quoted(name)}"; ${hint}`)
  return lookUp('machine', machines, name)
}
