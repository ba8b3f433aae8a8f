import { breadthFirst } from 'mmucheck'
import { scenarios } from 'mmucheck/kvm'
import { properties } from 'mmucheck/properties'
import { expect, it } from 'vitest'
import design from './my-change.ts'

it.each(design.expect)('$property is $verdict in $scenario', (expected) => {
  const scenario = scenarios.find(({ id }) => id === expected.scenario)
  const property = properties.find(({ id }) => id === expected.property)
  if (scenario === undefined || property === undefined)
    throw new Error('there is no such scenario or property')
  const { properties: found } = breadthFirst(scenario.build(design), [property])
  expect(found[0].verdict).toBe(expected.verdict)
})
