import { expect, it } from 'vitest'
import { catalogue } from './kvm-catalogue.ts'
import { machinesOf } from './machines.ts'

it('machines are read from the programs of a scenario, which are those of its system', () => {
  for (const { build, id, programs } of catalogue.scenarios) {
    const kinds = [...new Set(build().threads.map(({ program }) => program.kind))]
    expect([id, [...new Set(programs?.().map(({ kind }) => kind))]]).toEqual([id, kinds])
  }
})

it('the steps of a machine are those of the thread in the first scenario that runs it', () => {
  for (const { id, scenarios, design, flow } of machinesOf(catalogue)) {
    if (design !== undefined) continue
    const system = catalogue.scenarios.find((scenario) => scenario.id === scenarios[0])?.build()
    const thread = system?.threads.find(({ program }) => program.kind === id)
    expect(flow.steps.map(({ path }) => path)).toEqual(thread?.flow.steps.map(({ path }) => path))
  }
})
