import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  type Counterexample,
  counterexampleOf,
  readCounterexample,
} from '../../counterexamples/counterexample-file.ts'
import { replay } from '../../counterexamples/replay.ts'
import { shrink } from '../../counterexamples/shrink.ts'
import { Verifier } from '../../counterexamples/verifier.ts'
import { designs } from '../../model/designs/index.ts'
import { scenarios } from '../../model/scenarios/index.ts'
import { properties } from '../../properties/index.ts'
import { runCell } from '../cli/gate/cell-run.ts'
import { goalReachableIn } from '../search/goal-reachable.ts'

const folder = join(import.meta.dirname, '..', '..', 'counterexamples', 'known')
const files = readdirSync(folder).filter((name) => name.endsWith('.json'))

/** What the names in a file stand for, from the lists themselves. */
function resolve(names: Pick<Counterexample, 'scenario' | 'design' | 'property'>) {
  const scenario = scenarios.find((s) => s.id === names.scenario)
  const design = designs.find((d) => d.id === names.design)
  const property = properties.find((p) => p.id === names.property)
  if (scenario === undefined || design === undefined || property === undefined) {
    throw new Error(`${names.scenario}, ${names.design} or ${names.property} does not exist any more`)
  }
  const system = scenario.build(design)
  const checker = { version: '0', model: '0' }
  return { system, property: property as never, scenario, design, checker }
}

describe('the counterexamples that are kept', () => {
  it('are those of the bug that shipped in v5.18 (R1) and of the order its fix warns about (R3)', () => {
    const kept = files.map((name) => readCounterexample(join(folder, name)))
    expect(kept.map((ce) => `${ce.design} ${ce.property}`).sort()).toEqual([
      'prev-roots-tested-by-current every-access-can-finish',
      'prev-roots-tested-by-current no-stale-root-used',
      'request-before-invalid every-access-can-finish',
      'request-before-invalid no-stale-root-used',
    ])
  })

  it.each(files)('%s is still a behaviour of the model and still violates', (name) => {
    const ce = readCounterexample(join(folder, name))
    const { system } = resolve(ce)
    const replayed = replay(ce, resolve, goalReachableIn(system))
    expect(replayed.steps).toHaveLength(ce.steps.length)
  })

  it.each(files)('%s is what a search finds today: same steps, same id', (name) => {
    const ce = readCounterexample(join(folder, name))
    const scenario = scenarios.find((s) => s.id === ce.scenario)
    const design = designs.find((d) => d.id === ce.design)
    if (scenario === undefined || design === undefined)
      throw new Error(`${ce.scenario} or ${ce.design} is gone`)
    const property = properties.find((p) => p.id === ce.property)
    if (property === undefined) throw new Error(`${ce.property} is gone`)
    const { result } = runCell(design, { ...scenario, properties: [property.id] }, properties)
    const { trace: shortest } = result.properties[0]
    if (shortest === null) throw new Error(`${ce.property} is not violated any more`)
    const system = scenario.build(design)
    const verifier = new Verifier(system, property as never, goalReachableIn(system))
    const trace = shrink(shortest, system, (candidate) => verifier.fails(candidate), { shortest: true })
    const found = counterexampleOf({
      tool: ce.tool,
      scenario: scenario.id,
      design: design.id,
      property,
      trace,
      model: ce.model,
    })
    expect(found.steps.length).toBe(ce.steps.length)
    expect(found.id).toBe(ce.id)
  })
})
