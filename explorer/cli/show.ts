import { z } from 'zod'
import { diagram } from '../../counterexamples/diagram.ts'
import type { Replayed } from '../../counterexamples/replay.ts'
import { load } from './counterexamples.ts'
import { readOptions } from './options.ts'
import type { Session } from './session.ts'

/** Renderings by name; each is a pure function of a replayed counterexample. */
const FORMS = {
  diagram,
} satisfies Record<string, (replayed: Replayed) => string>

type Form = keyof typeof FORMS

const options = z.object({
  as: z.enum(Object.keys(FORMS) as [Form, ...Form[]]).default('diagram'),
  design: z.string().optional(),
  out: z.string().default('out'),
})

/** The names that `--as` takes. */
export const FORM_NAMES: readonly string[] = Object.keys(FORMS)

/** `mmucheck show`: replays a counterexample and renders it. */
export function show({ catalogue, io }: Session, name: string, raw: unknown): number {
  const { as, design, out } = readOptions(options, raw)
  const text = FORMS[as](load(catalogue, { name, out, design }))
  io.out(text.replace(/\n$/, ''))
  return 0
}
