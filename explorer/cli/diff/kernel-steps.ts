import { type ChangedStep, changedSteps } from '../../../model/kernels/changed-steps.ts'
import { releaseOf } from '../../../model/kernels/kernel.ts'
import type { Step } from '../../../model/language/program.ts'
import { findKernel } from '../catalogue-of-kernel.ts'
import type { CommandContext } from '../command-context.ts'
import { UsageError } from '../errors.ts'
import { wrapAtSpaces } from '../wrap.ts'

/**
 * `mmucheck diff --kernel A B`: the differences between two kernels, and the steps that each changes.
 * @throws UsageError for other than two kernels.
 */
export function printKernelSteps(
  { catalogue, io }: Pick<CommandContext, 'catalogue' | 'io'>,
  names: readonly string[],
): number {
  if (names.length !== 2)
    throw new UsageError('--kernel takes two kernels here, for example --kernel 6.1 7.2')
  const { kernels = [] } = catalogue
  const [older, newer] = names
    .map((name) => findKernel(kernels, name))
    .sort((a, b) => kernels.indexOf(a) - kernels.indexOf(b))
  const kept = new Set(newer.undone.map(({ id }) => id))
  const differences = older.undone.filter(({ id }) => !kept.has(id)).toReversed()
  for (const difference of differences) {
    const { id, since, commit, title } = difference
    io.out(io.colour.bold(`${id} (${[since, ...(commit === undefined ? [] : [commit])].join(', ')})`))
    for (const line of wrapAtSpaces(title, io.width - 2)) io.out(`  ${line}`)
    for (const step of changedSteps(difference)) {
      const [first, ...rest] = wrapAtSpaces(changeLine(step), io.width - 4)
      io.out(`  ${first}`)
      for (const line of rest) io.out(`      ${line}`)
    }
    io.out('')
  }
  const missing = catalogue.scenarios.flatMap((scenario) => {
    const lacks = older.lacks(scenario)
    return lacks === null || newer.lacks(scenario) !== null ? [] : [lacks]
  })
  for (const what of new Set(missing)) for (const line of wrapAtSpaces(`new: ${what}`, io.width)) io.out(line)
  io.out(
    `${differences.length} differences between Linux ${releaseOf(older)} and ${releaseOf(newer)} are modelled`,
  )
  return 0
}

/** `- vcpu.TRACK/TR.2: smp_mb()` for a step that only the older kernel has, `+` for the newer one, `~` for both. */
export function changeLine({ machine, path, older, newer, moved, steps }: ChangedStep): string {
  const name = `${machine}.${path}${steps === 1 ? '' : ` (${steps} steps)`}`
  if (moved) return `~ ${name}: at another place`
  if (older === undefined) return `+ ${name}: ${aboutStep(newer)}`
  if (newer === undefined) return `- ${name}: ${aboutStep(older)}`
  return `~ ${name}: ${aboutStep(older)} -> ${aboutStep(newer)}`
}

function aboutStep(step: Pick<Step<never>, 'about'> | undefined): string {
  const { fn, since, shows } = step?.about ?? {}
  const what = typeof shows === 'string' ? `: ${shows}` : ''
  return `${fn === undefined ? '' : `${fn}()`}${what}${since === undefined ? '' : ` [${since}]`}`
}
