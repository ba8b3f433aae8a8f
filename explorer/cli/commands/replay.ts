import { z } from 'zod'
import type { Replayed } from '../../../counterexamples/replay.ts'
import type { CommandContext } from '../command-context.ts'
import { loadWithDesign } from '../counterexamples.ts'
import { UsageError } from '../errors.ts'
import { EXIT } from '../exit-status.ts'
import { readOptions } from '../options.ts'
import { stepThrough } from './replay-interactive.ts'

const options = z.object({
  interactive: z.boolean().default(false),
  design: z.string().optional(),
  out: z.string().default('out'),
  quiet: z.boolean().default(false),
})

/**
 * `mmucheck replay`: recomputes counterexamples with xstate; fails if the model no longer allows one, or it no longer
 * violates its property.
 */
export async function replay(
  context: CommandContext,
  names: readonly string[],
  raw: unknown,
): Promise<number> {
  const flags = readOptions(options, raw)
  if (flags.interactive && names.length > 1) throw new UsageError('-i steps through one counterexample')
  const replays: Replayed[] = []
  for (const name of names)
    replays.push((await loadWithDesign(context, { name, out: flags.out, design: flags.design })).replayed)
  if (flags.interactive) {
    await stepThrough(context.io, replays[0], flags.out)
    return EXIT.holds
  }
  if (!flags.quiet) for (const replayed of replays) context.io.out(confirmation(replayed))
  return EXIT.holds
}

/** One line: what was replayed, and that it fails. */
export function confirmation({ counterexample: ce, modelChanged }: Replayed): string {
  const changed = modelChanged ? ' (the model has changed since)' : ''
  const kernel = ce.kernel === undefined ? '' : ` on Linux ${ce.kernel}`
  return `${ce.id}: ${ce.steps.length} steps of ${ce.scenario} with ${ce.design}${kernel} violate ${ce.property}${changed}`
}
