import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { counterexampleOf } from '../../../counterexamples/counterexample-file.ts'
import type { PathContext } from '../../../counterexamples/path.ts'
import { valuesAfter } from '../../../counterexamples/path.ts'
import { variablesOf } from '../../../counterexamples/state-variables.ts'
import type { TraceStep } from '../../../model/language/trace.ts'
import { replaceFile } from '../../checkpoint/index.ts'
import { carriedBy, type UserFiles } from '../user-files.ts'
import { writeCounterexample } from '../write-counterexample.ts'
import { type Exploration, PathError } from './exploration.ts'

/** Where a path is saved, and what it is a path of. */
export interface Saving {
  readonly context: PathContext
  readonly exploration: Exploration
  readonly folder: string
  /** The user's files that scenario and design come from. */
  readonly files?: UserFiles
  /** Id of the kernel, if it is not the newest. */
  readonly kernel?: string
}

/** Writes a path that violates a property as a counterexample. @throws PathError for any other. */
export function saveCounterexample(
  { context, exploration, folder, files, kernel }: Saving,
  steps: readonly TraceStep[],
): string {
  const property = exploration.violatedBy(steps)
  if (property === null)
    throw new PathError('no property is violated here; save it as a test, or take a step that violates one')
  const { scenario, design, checker } = context
  const counterexample = counterexampleOf({
    tool: `mmucheck ${checker.version}`,
    model: checker.model,
    scenario: scenario.id,
    design: design.id,
    kernel,
    ...carriedBy(files),
    property,
    trace: { initial: 0, steps },
  })
  return writeCounterexample(folder, counterexample)
}

/**
 * Writes a path as a test for vitest, which takes its steps and compares what they changed.
 * @throws PathError where the test could not name the scenario and the design.
 */
export function saveTest({ context, folder, files, kernel }: Saving, steps: readonly TraceStep[]): string {
  const own = files?.design ?? files?.scenario
  if (own !== undefined || kernel !== undefined)
    throw new PathError(
      'a test names designs and scenarios of the newest kernel; save it as a counterexample',
    )
  const text = testText(context, steps)
  const path = join(folder, `path-${createHash('sha256').update(text).digest('hex').slice(0, 8)}.test.ts`)
  replaceFile(path, text)
  return path
}

/** The text of that test. Names are written as JSON, so that nothing in them counts as code. */
export function testText({ system, scenario, design }: PathContext, steps: readonly TraceStep[]): string {
  const [first, last] = [valuesAfter(system, []), valuesAfter(system, steps)]
  const changed = variablesOf(system).all.filter(
    ({ path, counter }) => !counter && first[path] !== last[path],
  )
  const text = (value: string): string => JSON.stringify(value)
  return `import { expect, it } from 'vitest'
import { valuesAfter } from 'mmucheck/counterexamples'
import { designs, scenarios } from 'mmucheck/kvm'

const scenario = scenarios.find(({ id }) => id === ${text(scenario.id)})
const design = designs.find(({ id }) => id === ${text(design.id)})

it(${text(`${scenario.id} with ${design.id} allows this path`)}, () => {
  const values = valuesAfter(scenario!.build(design), [
${steps.map(({ thread, step }) => `    { thread: ${text(thread)}, step: ${text(step)} },`).join('\n')}
  ])
  expect(values).toMatchObject({
${changed.map(({ path }) => `    ${text(path)}: ${text(last[path])},`).join('\n')}
  })
})
`
}
