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

const options = z.object({
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
export async function explore(command: CommandContext, name: string, raw: unknown): Promise<number> {
  const { design: designName, kernel, out } = readOptions(options, raw)
  const catalogue = catalogueOfKernel(command.catalogue, kernel)
  const scenario = findScenario(catalogue, name)
  const design = findDesign(catalogue, designName)
  const { listed, byDefault } = judgedProperties(design, scenario, catalogue.properties)
  const context: PathContext = {
    system: builtSystem(scenario, design),
    scenario,
    design,
    checker: { version: command.version, model: command.modelHash() },
    judged: [...listed, ...byDefault],
    ...(catalogue.drawing === undefined ? {} : { drawing: catalogue.drawing }),
  }
  const saving: Saving = {
    context,
    exploration: new Exploration(context),
    folder: out,
    ...(kernel === undefined ? {} : { kernel }),
  }
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
