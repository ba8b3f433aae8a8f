import { join } from 'node:path'
import { z } from 'zod'
import { RENDERERS, type RendererName } from '../../../counterexamples/render.ts'
import type { Replayed } from '../../../counterexamples/replay.ts'
import { replaceFile } from '../../checkpoint/index.ts'
import { lookUp } from '../catalogue.ts'
import type { CommandContext } from '../command-context.ts'
import { load } from '../counterexamples.ts'
import { readOptions } from '../options.ts'
import { orUnwritable } from '../write-counterexample.ts'

/** The names that `--as` takes. */
export const FORMS = Object.keys(RENDERERS) as [RendererName, ...RendererName[]]

const options = z.object({
  as: z.enum(FORMS).default('diagram'),
  design: z.string().optional(),
  out: z.string().default('out'),
})

/** `mmucheck show`: replays a counterexample and renders it. */
export function show(context: CommandContext, name: string, raw: unknown): number {
  const { as, design, out } = readOptions(options, raw)
  const text = RENDERERS[as](load(context, { name, out, design }))
  context.io.out(text.replace(/\n$/, ''))
  return 0
}

/** File name endings of some forms; the others are plain text. */
const ENDINGS: Partial<Record<RendererName, string>> = { html: 'html', itf: 'itf.json', mermaid: 'mmd' }

/**
 * Writes a form of a counterexample to a file, `ce-ID.FORM.txt` or with the form's usual ending.
 * @returns the path.
 * @throws UsageError for an unknown form, or a folder that cannot be written to.
 */
export function writeForm(replayed: Replayed, form: string, folder: string): string {
  const { id: name } = lookUp(
    'form',
    FORMS.map((id) => ({ id })),
    form,
  )
  const path = join(folder, `${replayed.counterexample.id}.${ENDINGS[name] ?? `${name}.txt`}`)
  orUnwritable(folder, () => replaceFile(path, RENDERERS[name](replayed)))
  return path
}
