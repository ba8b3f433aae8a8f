import { z } from 'zod'
import { RENDERERS, type RendererName } from '../../counterexamples/render.ts'
import { load } from './counterexamples.ts'
import { readOptions } from './options.ts'
import type { Session } from './session.ts'

/** The names that `--as` takes. */
export const FORMS = Object.keys(RENDERERS) as [RendererName, ...RendererName[]]

const options = z.object({
  as: z.enum(FORMS).default('diagram'),
  design: z.string().optional(),
  out: z.string().default('out'),
})

/** `mmucheck show`: replays a counterexample and renders it. */
export function show({ catalogue, io }: Session, name: string, raw: unknown): number {
  const { as, design, out } = readOptions(options, raw)
  const text = RENDERERS[as](load(catalogue, { name, out, design }))
  io.out(text.replace(/\n$/, ''))
  return 0
}
