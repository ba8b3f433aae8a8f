import { join } from 'node:path'
import { z } from 'zod'
import { FORMS, type RendererName } from '../../../counterexamples/forms.ts'
import { RENDERERS } from '../../../counterexamples/render.ts'
import type { Replayed } from '../../../counterexamples/replay.ts'
import { replaceFile } from '../../checkpoint/index.ts'
import { lookUp } from '../catalogue.ts'
import type { CommandContext } from '../command-context.ts'
import { loadWithDesign } from '../counterexamples.ts'
import { readOptions } from '../options.ts'
import { orUnwritable } from '../write-counterexample.ts'

const options = z.object({
  as: z.enum(FORMS).default('diagram'),
  design: z.string().optional(),
  out: z.string().default('out'),
})

/** Forms that are whole files: of several counterexamples each is written to one. */
const FILE_FORMS: readonly RendererName[] = ['html', 'itf', 'mermaid', 'selftest']

/** `mmucheck show`: replays counterexamples and renders them. */
export async function show(context: CommandContext, names: readonly string[], raw: unknown): Promise<number> {
  const { io } = context
  const { as, design, out } = readOptions(options, raw)
  const shown: Replayed[] = []
  for (const name of names) shown.push((await loadWithDesign(context, { name, out, design })).replayed)
  if (names.length > 1 && FILE_FORMS.includes(as)) {
    for (const replayed of shown) io.out(writeForm(replayed, as, out))
    return 0
  }
  const texts = shown.map((replayed) => RENDERERS[as](replayed).replace(/\n$/, ''))
  texts.forEach((text, index) => {
    if (index > 0) io.out('')
    io.out(text)
  })
  return 0
}

/** File name endings of some forms; the others are plain text. */
const ENDINGS: Partial<Record<RendererName, string>> = {
  html: 'html',
  itf: 'itf.json',
  mermaid: 'mmd',
  selftest: 'c',
  rst: 'rst',
}

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
