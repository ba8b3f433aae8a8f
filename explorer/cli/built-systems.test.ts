import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it, vi } from 'vitest'
import { ModelError } from '../../model/language/errors.ts'
import { drop } from '../../model/language/patch.ts'
import type { Scenario } from '../../model/scenarios/scenario.ts'
import { builtSystem } from './built-systems.ts'
import { runSmall } from './testing/run-small.ts'
import { catalogue } from './testing/small-catalogue.ts'

const out = mkdtempSync(join(tmpdir(), 'mmucheck-built-'))
afterAll(() => rmSync(out, { recursive: true }))

/** A scenario that nothing else uses, so that it is not in the cache. */
const scenarioOf = (): Scenario<unknown> => ({ ...catalogue.scenarios[0] })

it('a system is built once, a design that changes nothing counts as none', () => {
  const scenario = scenarioOf()
  const system = builtSystem(scenario)
  expect(builtSystem(scenario, { patches: [] })).toBe(system)
  const adds = {}
  const added = builtSystem(scenario, { patches: [], adds })
  expect(added).not.toBe(system)
  expect(builtSystem(scenario, { patches: [], adds })).toBe(added)
  expect(builtSystem(scenarioOf())).not.toBe(system)
})

it('a limited number is kept, those that were used last', () => {
  const scenario = scenarioOf()
  const system = builtSystem(scenario)
  const others = Array.from({ length: 7 }, scenarioOf)
  for (const other of others) builtSystem(other)
  expect(builtSystem(scenario)).toBe(system)
  for (const other of [...others, scenarioOf()]) builtSystem(other)
  expect(builtSystem(scenario)).not.toBe(system)
})

it('a patch that does not fit is refused every time', () => {
  const scenario = scenarioOf()
  const change = { patches: [drop<unknown>('NOWHERE.1')] }
  for (let n = 0; n < 2; n++) expect(() => builtSystem(scenario, change)).toThrow(ModelError)
})

it('a check of a violation builds each system once in a process', async () => {
  const builds = catalogue.scenarios.map((scenario) => vi.spyOn(scenario, 'build'))
  try {
    const { status } = await runSmall(['check', 'zap', '--design', 'request-first', '--out', out])
    expect(status).toBe(1)
    const changes = builds.flatMap(({ mock }) => mock.calls.map(([change]) => change?.patches.length ?? 0))
    expect(changes.sort()).toEqual([0, 1])
  } finally {
    for (const build of builds) build.mockRestore()
  }
})
