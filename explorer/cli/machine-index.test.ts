import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { catalogueOfKernel } from './catalogue-of-kernel.ts'
import { catalogue as all } from './kvm-catalogue.ts'
import { type MachineIndex, readMachineIndex } from './machine-index.ts'
import { builtIndex, type Machine, machinesOf } from './machines.ts'
import { occurrencesOf } from './occurrences.ts'
import { MAIN } from './testing/built-programs.ts'

const catalogue = catalogueOfKernel(all, undefined)
const built = builtIndex(catalogue)
const known = (machines: readonly Machine[]) =>
  machines.map(({ id, title, paths, scenarios, design }) => ({ id, title, paths, scenarios, design }))

describe('the index of a build', () => {
  const file = join(dirname(MAIN), 'machine-index.json')

  it('says what building all programs says', () => {
    const index = readMachineIndex(pathToFileURL(file)) as MachineIndex
    // The source of a function that prints a statement is that of the bundle.
    const shown = ({ steps, ...rest }: MachineIndex) => ({
      ...rest,
      steps: [...new Set(steps.map(({ name, text }) => `${name} ${text}`))],
    })
    expect(shown(index)).toEqual(shown(built))
    expect(built.machines.length).toBeGreaterThan(10)
    expect(built.steps.length).toBeGreaterThan(200)
  })

  it('is read, and nothing is read where there is none', () => {
    expect(readMachineIndex(pathToFileURL(file))).toEqual(JSON.parse(readFileSync(file, 'utf8')))
    expect(readMachineIndex(pathToFileURL(`${file}-none`))).toBeNull()
  })
})

describe('machines with an index', () => {
  const indexed = { ...catalogue, machineIndex: () => built }

  it('are those without one, steps included', () => {
    const without = machinesOf({ ...catalogue, machineIndex: () => null })
    const machines = machinesOf(indexed)
    expect(known(machines)).toEqual(known(without))
    expect(machines[0].steps.map(({ path }) => path)).toEqual(without[0].steps.map(({ path }) => path))
    for (const { paths, steps } of without) expect(new Set(steps.map(({ path }) => path))).toEqual(paths)
  })

  it('come from it without a program being built', () => {
    const refuses = catalogue.scenarios.map((scenario) => ({
      ...scenario,
      programs: (): never => {
        throw new Error('a program was built')
      },
    }))
    const unbuilt = { ...indexed, scenarios: refuses }
    expect(machinesOf(unbuilt).map(({ id }) => id)).toEqual(built.machines.map(({ id }) => id))
    expect(occurrencesOf(unbuilt, 'kvm_check_request').length).toBeGreaterThan(0)
    expect(() => machinesOf({ ...unbuilt, machineIndex: () => null })).toThrow('a program was built')
  })

  it('do not come from one of other scenarios, nor from that of another kernel', () => {
    const [first, ...others] = catalogue.scenarios
    const fewer = machinesOf({ ...indexed, scenarios: others })
    expect(fewer.flatMap(({ scenarios }) => scenarios)).not.toContain(first.id)
    const older = catalogueOfKernel({ ...all, machineIndex: () => built }, '6.1')
    expect(older.machineIndex).toBeUndefined()
    expect(catalogueOfKernel({ ...all, machineIndex: () => built }, '7.2').machineIndex).toBeDefined()
  })
})
