import type { Expectation } from './design.ts'

/** Properties that a design violates in a scenario. */
export function violated(scenario: string, ...properties: string[]): Expectation[] {
  return properties.map((property) => ({ scenario, property, verdict: 'violated' }))
}

/** The same, with a word on why the verdict is not that of the literature. */
export function violatedBecause(scenario: string, property: string, note: string): Expectation {
  return { scenario, property, verdict: 'violated', note }
}
