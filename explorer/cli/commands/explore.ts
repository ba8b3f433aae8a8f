import { z } from 'zod'
import { pageText, quote } from '../../../counterexamples/html.ts'
import { embedded as report } from '../../../counterexamples/page/embedded.ts'
import type { PathContext } from '../../../counterexamples/path.ts'
import { judgedProperties } from '../../../model/designs/judged-properties.ts'
import { builtSystem } from '../built-systems.ts'
import { findDesign, findScenario, UPSTREAM } from '../catalogue.ts'
import { catalogueOfKernel } from '../catalogue-of-kernel.ts'
import { type CommandContext, interruption } from '../command-context.ts'
import { UsageError } from '../errors.ts'
import { EXIT } from '../exit-status.ts'
import { Exploration, PathError } from '../explore/exploration.ts'
import { embedded } from '../explore/page/embedded.ts'
import { type Saving, saveCounterexample, saveTest } from '../explore/saved-path.ts'
import { type Routes, serve } from '../explore/server.ts'
import { readOptions } from '../options.ts'
import { readUserDesign } from '../read-user-design.ts'
import { isDesignFile } from '../user-design.ts'
import { userFiles } from '../user-files.ts'
import { readScenario, withScenarios } from '../user-scenario.ts'

const options = z.object({
  scenario: z.string().optional(),
  design: z.string().default(UPSTREAM),
  kernel: z.string().optional(),
  out: z.string().default('out'),
})

/** Steps of a path; a page that steps by hand stays far below. */
const MOST_STEPS = 2000

const steps = z
  .array(z.strictObject({ thread: z.string().max(200), step: z.string().max(2000) }))
  .max(MOST_STEPS)
const requests = {
  path: z.strictObject({ steps }),
  until: z.strictObject({ steps, condition: z.string().max(1000) }),
  save: z.strictObject({ steps, as: z.enum(['counterexample', 'test']) }),
}

/** `mmucheck explore`: a page on loopback to step through a scenario by hand, until the terminal ends it. */
export async function explore(
  command: CommandContext,
  name: string | undefined,
  raw: unknown,
): Promise<number> {
  const saving = await savingOf(command, name, readOptions(options, raw))
  const { scenario, design } = saving.context
  const serving = await serve({
    page: pageOf(`${scenario.id} with ${design.id}`, scenario.title),
    answer: answering(saving),
  })
  command.io.out(serving.url)
  command.io.err('mmucheck: open this address in a browser on this machine; Ctrl-C ends it')
  await ended(command.signal)
  await serving.close()
  return interruption(command.signal) ?? EXIT.holds
}

/** What is explored: a scenario and a design of the catalogue, or of the user's files. */
async function savingOf(
  command: CommandContext,
  name: string | undefined,
  { scenario: file, design: designName, kernel, out }: z.infer<typeof options>,
): Promise<Saving> {
  const { version, modelHash, catalogue: all } = command
  if ((name === undefined) === (file === undefined))
    throw new UsageError('name one scenario, or give its file with --scenario')
  const kernelOnly = catalogueOfKernel(all, kernel)
  const own = file === undefined ? undefined : readScenario(kernelOnly, file)
  const catalogue = own === undefined ? kernelOnly : withScenarios(kernelOnly, [own])
  const scenario = own?.scenario ?? findScenario(catalogue, name as string)
  const read = isDesignFile(designName) ? await readUserDesign(command, catalogue, designName) : undefined
  const design = read?.design ?? findDesign(catalogue, designName)
  const { listed, byDefault } = judgedProperties(design, scenario, catalogue.properties)
  const context: PathContext = {
    system: builtSystem(scenario, design),
    scenario,
    design,
    checker: { version, model: modelHash() },
    judged: [...listed, ...byDefault],
    ...(catalogue.drawing === undefined ? {} : { drawing: catalogue.drawing }),
  }
  return {
    context,
    exploration: new Exploration(context),
    folder: out,
    files: userFiles(own, read),
    ...(scenario.kernel === undefined ? {} : { kernel: scenario.kernel }),
  }
}

/** Waits for SIGINT, SIGTERM or SIGHUP. */
const ended = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })

/** Answers each request, or says in one line why not. */
export function answering(saving: Saving): Routes['answer'] {
  const { exploration } = saving
  const answer = (name: string, body: unknown): object => {
    switch (name) {
      case 'path':
        return exploration.at(requests.path.parse(body).steps)
      case 'until': {
        const asked = requests.until.parse(body)
        return { steps: exploration.until(asked.steps, asked.condition) }
      }
      case 'save': {
        const asked = requests.save.parse(body)
        const save = asked.as === 'test' ? saveTest : saveCounterexample
        return { file: save(saving, asked.steps) }
      }
      default:
        throw new PathError('there is no such request')
    }
  }
  return (name, body) => {
    try {
      return { ok: answer(name, body) }
    } catch (error) {
      if (error instanceof PathError || error instanceof UsageError) return { error: error.message }
      if (error instanceof z.ZodError) return { error: 'the request makes no sense' }
      const { code } = error as NodeJS.ErrnoException
      if (code !== undefined) return { error: `cannot write the file: ${code}` }
      throw error
    }
  }
}

function pageOf(title: string, about: string): Routes['page'] {
  return pageText({
    title: `explore ${title}`,
    body: `<h1>${quote(title)}</h1>\n<p class="about">${quote(about)}</p>\n<div id="app"></div>`,
    script: embedded().script,
    style: report().style + embedded().style,
    asks: true,
  })
}
