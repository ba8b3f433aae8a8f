import { describe, expect, it } from 'vitest'
import type { System } from '../language/system.ts'
import type { Kvm } from '../memory/kvm.ts'
import { allPlans } from './build-scenario.ts'
import { scenarios } from './index.ts'
import { scenarioFile, scenarioFrom } from './scenario-file.ts'

const stateOf = ({ layout, initial, threads, symmetric }: System<Kvm>) => ({
  fields: layout.fields.map(({ path, shape }) => [path, shape.type]),
  initial: initial.map((encoded) => [...encoded]),
  steps: threads.map(({ name, flow }) => [name, flow.steps.map(({ path }) => path)]),
  symmetric: symmetric.map(({ name }) => name),
})

describe('a scenario of the model, as JSON', () => {
  const asData = allPlans().filter(({ start }) => start.begin === undefined)

  it('covers most of them', () => expect(asData.length).toBeGreaterThan(scenarios.length / 2))

  it.each(asData)('is the same system: $id', ({ id, bounds, start, title, properties }) => {
    const data: unknown = JSON.parse(JSON.stringify({ id: 'mine', title, bounds, start, properties }))
    const known = scenarios.find((scenario) => scenario.id === id)
    expect(stateOf(scenarioFrom(data).build())).toEqual(stateOf(known?.build() as System<Kvm>))
  })
})

it('rejects functions and unknown members', () => {
  const data = { id: 'mine', title: 't', start: { tables: [[1]] }, properties: ['p'] }
  expect(scenarioFile.safeParse(data).success).toBe(true)
  for (const start of [{ begin: () => {} }, { __proto__: null, constructor: 1 }, { tables: [[() => 1]] }])
    expect(scenarioFile.safeParse({ ...data, start: { ...data.start, ...start } }).success).toBe(false)
})
