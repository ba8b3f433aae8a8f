import { expect, it } from 'vitest'
import { catalogue } from './kvm-catalogue.ts'
import { machinesOf } from './machines.ts'

const machines = machinesOf(catalogue)
const systems = catalogue.scenarios.map((scenario) => ({ scenario, system: scenario.build() }))

it('machines are read from the programs of a scenario, which are those of its system', () => {
  for (const { scenario, system } of systems) {
    const kinds = [...new Set(system.threads.map(({ program }) => program.kind))]
    expect([scenario.id, [...new Set(scenario.programs?.().map(({ kind }) => kind))]]).toEqual([
      scenario.id,
      kinds,
    ])
  }
})

it('a machine has the steps of every scenario that runs it, each once', () => {
  const missing = systems.flatMap(({ scenario, system }) =>
    system.threads.flatMap(({ program, flow }) => {
      const known = new Set(machines.find(({ id }) => id === program.kind)?.steps.map(({ path }) => path))
      return flow.steps.filter(({ path }) => !known.has(path)).map(({ path }) => `${scenario.id}: ${path}`)
    }),
  )
  expect(missing).toEqual([])
  for (const { steps } of machines) expect(new Set(steps.map(({ path }) => path)).size).toBe(steps.length)
})

it('the steps of its first scenario are in the order of the program', () => {
  for (const { id, scenarios, design, steps } of machines) {
    if (design !== undefined) continue
    const { system } = systems.find(({ scenario }) => scenario.id === scenarios[0]) ?? {}
    const thread = system?.threads.find(({ program }) => program.kind === id)
    const own = steps.filter(({ scenario }) => scenario === scenarios[0]).map(({ path }) => path)
    expect(own).toEqual(thread?.flow.steps.map(({ path }) => path))
  }
})

it('a machine that does something else in another scenario says so in its title', () => {
  const titles = machines.find(({ id }) => id === 'memslot')?.title.split('; or ')
  expect(titles).toEqual(expect.arrayContaining(['deletes memslot 0', 'creates memslot 0']))
})
