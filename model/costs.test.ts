import { expect, it } from 'vitest'
import { costs } from './costs.ts'
import { flowOf } from './language/machine.ts'
import type { Program } from './language/program.ts'
import { scenarios } from './scenarios/index.ts'

const flows = scenarios
  .filter(({ id }) => ['roots-zap-all', 'roots-zap-one', 'fault-notifier'].includes(id))
  .flatMap((scenario) => (scenario.programs?.() ?? []) as readonly Program<never>[])
  .map((program) => ({ program, flow: flowOf(program) }))

/** The names of the steps that count for a cost, wherever they go. */
function counted(id: string): ReadonlySet<string> {
  const cost = costs.find((each) => each.id === id)
  if (cost === undefined) throw new Error(`there is no cost ${id}`)
  return new Set(
    flows.flatMap(({ program, flow }) => {
      return flow.steps.flatMap((located) => {
        const { path, step } = located
        const goes = step.cases.map((_, n) => flow.target(located, n))
        const counts = goes.some((to) =>
          cost.counts({ kind: program.kind, path, about: step.about as never, to }),
        )
        return counts ? [path.slice(path.lastIndexOf('/') + 1).replace(/\[.*/, '')] : []
      })
    }),
  )
}

it.each([
  ['flushes', ['REQ.0'], ['REQ.1', 'LOAD.7']],
  ['requests', ['REQ.1'], ['REQ.0', 'REQ.2']],
  ['locks', ['LOAD.1', 'PF.11', 'ZF.1'], ['LOAD.4', 'PF.15', 'ZF.7']],
  ['reloads', ['RUN.5'], ['RUN.4', 'LOAD.1']],
  ['retries', ['PF.12', 'PF.12 retry'], ['PF.13', 'PF.15']],
])('%s are the steps that they are named after', (id, some, none) => {
  const steps = counted(id)
  expect([...steps]).toEqual(expect.arrayContaining(some))
  for (const name of none) expect(steps).not.toContain(name)
})
