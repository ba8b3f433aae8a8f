import { changedSteps } from '../../../model/kernels/changed-steps.ts'
import type { Catalogue } from '../catalogue.ts'
import type { CommandContext } from '../command-context.ts'
import { isPathOf, type Machine, type MachineStep } from '../machines.ts'
import { withSuchPath } from './paths.ts'
import type { Rows } from './rows.ts'
import { keyOf, statementIn } from './step-rows.ts'

/** Every step with this path or name; a step that occurs several times in a machine is explained once. */
export function aboutSteps(context: CommandContext, machines: readonly Machine[], name: string): Rows[] {
  const isMeant = (path: string, { id }: Machine): boolean =>
    isPathOf(path, name) || `${id}.${path}`.toLowerCase() === name.toLowerCase()
  return withSuchPath(machines, isMeant).flatMap((m) => {
    const found = m.steps.filter(({ path }) => isMeant(path, m))
    const distinct = new Map(found.map((each) => [keyOf(each), each]))
    return [...distinct.values()].map((each) => aboutStep(context, m, each, found))
  })
}

function aboutStep(
  context: CommandContext,
  m: Machine,
  explained: MachineStep,
  all: readonly MachineStep[],
): Rows {
  const { located, path } = explained
  const { about, cases } = located.step
  const places = all.filter((each) => keyOf(each) === keyOf(explained)).map((each) => each.path)
  return [
    ['step', `${m.id}.${path}`],
    ['function', about.fn === undefined ? '' : `${about.fn}()`],
    ['read in', about.since ?? ''],
    ...inKernels(context.catalogue, m, explained),
    ['does', statementIn(context, m, explained) ?? ''],
    ['coarsened', about.fused ?? ''],
    ['waits', cases.every((c) => c.when !== undefined) ? 'until its guard is true' : ''],
    ['then', [...explained.targets].join(' or ')],
    ['valid end', about.validEnd === true ? 'the thread may stop here for good' : ''],
    ['also at', places.filter((p) => p !== path).join(', ')],
  ]
}

/** The kernels that do not have a step, and by which differences. */
function inKernels({ kernels = [], kernel }: Catalogue, { id }: Machine, { path }: MachineStep): Rows {
  if (kernel !== kernels.at(-1)) return []
  const last = path.slice(path.lastIndexOf('/') + 1)
  return kernels.flatMap((older): Rows => {
    const by = older.undone.filter((difference) =>
      changedSteps(difference).some(
        (step) =>
          step.machine === id &&
          (step.path === path || (step.path.endsWith(`/${last}`) && path.endsWith(step.path))),
      ),
    )
    return by.map((difference): Rows[number] => [
      `in ${older.id}`,
      `not so: before ${difference.id} (${difference.since})`,
    ])
  })
}
