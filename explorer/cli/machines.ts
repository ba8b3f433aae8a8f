import type { Design } from '../../model/designs/design.ts'
import { type Flow, flowOf, type LocatedStep } from '../../model/language/machine.ts'
import { type Entry, type Program, stepPaths } from '../../model/language/program.ts'
import type { Scenario } from '../../model/scenarios/scenario.ts'
import { programsOf } from './built-programs.ts'
import { type IndexedMachine, type IndexedStep, isIndexOf, type MachineIndex } from './machine-index.ts'
import { textOf } from './matcher.ts'

/** A kind of thread. Its program differs between scenarios: what a scenario leaves out takes no steps. */
export interface Machine {
  /** The thread kind, `vcpu`. */
  readonly id: string
  /** What it does; where that depends on the scenario, each of the titles. */
  readonly title: string
  /** Paths of its steps in any scenario, in no order. */
  readonly paths: ReadonlySet<string>
  /** Its steps in any scenario, one of each path, in the order of the programs. */
  readonly steps: readonly MachineStep[]
  /** Scenarios that run it. */
  readonly scenarios: readonly string[]
  /** The design that adds it; absent for a thread of the model. */
  readonly design?: string
}

/** A step of a machine, as the first scenario has it that contains it. */
export interface MachineStep {
  readonly path: string
  readonly located: LocatedStep<never>
  readonly scenario: string
  /** Where the thread continues after it, in any scenario. */
  readonly targets: ReadonlySet<string>
}

/** Whether a path is meant by a name: the path itself, or its end; case is ignored. */
export function isPathOf(path: string, name: string): boolean {
  return `/${path}`.toLowerCase().endsWith(`/${name.toLowerCase()}`)
}

/** Where machines are found. */
interface Modelled {
  readonly scenarios: readonly Scenario<unknown>[]
  readonly designs: readonly Design<unknown>[]
  /** What is known without building the programs; absent or null where nothing is. */
  readonly machineIndex?: () => MachineIndex | null
}

/** The program of a machine in one scenario. */
interface Variant {
  readonly scenario: string
  readonly program: Program<unknown>
}

/** Every thread kind of every scenario, in order of appearance, without patches; then those that designs add. */
export function machinesOf(modelled: Modelled): Machine[] {
  const index = indexOf(modelled)
  if (index === null) return builtMachines(modelled)
  let built: readonly Machine[] | null = null
  return index.machines.map(
    ({ paths, ...machine }): Machine => ({
      ...(machine as Omit<IndexedMachine, 'paths' | 'design'>),
      ...(machine.design === undefined ? {} : { design: machine.design }),
      paths: new Set(paths),
      get steps() {
        built ??= builtMachines(modelled)
        return built.find(({ id }) => id === machine.id)?.steps ?? []
      },
    }),
  )
}

/** The index of a build, if there is one and it is of these scenarios and designs. */
function indexOf(modelled: Modelled): MachineIndex | null {
  const index = modelled.machineIndex?.() ?? null
  return index !== null && isIndexOf(index, modelled) ? index : null
}

/** Makes the index by building all programs. */
export function builtIndex(modelled: Modelled): MachineIndex {
  return {
    scenarios: modelled.scenarios.map(({ id }) => id),
    designs: modelled.designs.map(({ id }) => id),
    machines: builtMachines(modelled).map(({ id, title, paths, scenarios, design }) => ({
      id,
      title,
      paths: [...paths],
      scenarios: [...scenarios],
      ...(design === undefined ? {} : { design }),
    })),
    steps: builtSteps(modelled),
  }
}

/** The steps of all scenarios in the order of the programs, those that stand in several places once. */
export const stepsOfAll = (modelled: Modelled): readonly IndexedStep[] =>
  indexOf(modelled)?.steps ?? builtSteps(modelled)

function builtSteps(modelled: Modelled): IndexedStep[] {
  const found = new Map<string, IndexedStep>()
  const visit = (kind: string, entry: Entry<never>): void => {
    if (entry.kind === 'landing') return
    if (entry.kind !== 'step') {
      for (const each of entry.kind === 'block' ? entry.entries : entry.steps) visit(kind, each)
      return
    }
    const { fn, shows, c } = entry.about
    const statement = typeof shows === 'string' ? shows : typeof c === 'string' ? c : ''
    const step = {
      name: `${kind}.${entry.name}`,
      text: [...(fn === undefined ? [] : [`${fn}()`]), ...(statement === '' ? [] : [statement])].join(': '),
      searched: textOf([entry.name, fn, shows, c]),
    }
    const key = JSON.stringify(step)
    if (!found.has(key)) found.set(key, step)
  }
  for (const { kind, entries } of new Set(programsIn(modelled)))
    for (const entry of entries) visit(kind, entry)
  return [...found.values()]
}

function builtMachines({ scenarios, designs }: Modelled): Machine[] {
  const machines = new Map<string, Variant[]>()
  for (const scenario of scenarios) addPrograms(machines, scenario)
  return [
    ...[...machines].map(([id, variants]) => machineOf(id, variants)),
    ...addedMachines({ scenarios, designs }, machines),
  ]
}

/** The programs of every scenario, without patches: bounds decide which steps a program has. */
export const programsIn = ({ scenarios }: Pick<Modelled, 'scenarios'>): Program<never>[] =>
  scenarios.flatMap((scenario) => programsOf(scenario) as readonly Program<never>[])

function addedMachines({ designs, scenarios }: Modelled, known: ReadonlyMap<string, unknown>): Machine[] {
  const found = new Map<string, Machine>()
  for (const { id: design, adds, scenarios: names } of designs) {
    if (adds?.threads === undefined) continue
    const machines = new Map<string, Variant[]>()
    for (const scenario of scenarios.filter(({ id }) => names.includes(id)))
      addPrograms(machines, scenario, adds)
    for (const [id, variants] of machines) {
      if (!known.has(id) && !found.has(id)) found.set(id, machineOf(id, variants, design))
    }
  }
  return [...found.values()]
}

function addPrograms(
  machines: Map<string, Variant[]>,
  scenario: Scenario<unknown>,
  adds?: Design<unknown>['adds'],
): void {
  for (const program of programsOf(scenario, adds)) {
    const variant: Variant = { scenario: scenario.id, program }
    machines.set(program.kind, [...(machines.get(program.kind) ?? []), variant])
  }
}

function machineOf(id: string, variants: readonly Variant[], design?: string): Machine {
  let steps: readonly MachineStep[] | null = null
  let paths: ReadonlySet<string> | null = null
  return {
    id,
    title: [...new Set(variants.map(({ program }) => program.title))].join('; or '),
    scenarios: variants.map(({ scenario }) => scenario),
    ...(design === undefined ? {} : { design }),
    get paths() {
      paths ??= new Set(variants.flatMap(({ program }) => stepPaths(program.entries)))
      return paths
    },
    // Most callers need no steps, and finding them takes longer than everything else here.
    get steps() {
      steps ??= stepsOf(variants)
      return steps
    },
  }
}

/** Merges the steps of several programs: a step that is new comes after the one that it follows in its program. */
function stepsOf(variants: readonly Variant[]): MachineStep[] {
  const merged: (MachineStep & { readonly targets: Set<string> })[] = []
  const known = new Map<string, (typeof merged)[number]>()
  for (const { scenario, program } of variants) {
    const flow = flowOf(program) as Flow<never>
    let next = 0
    for (const located of flow.steps) {
      const { path } = located
      const targets = located.step.cases.map((_, index) => flow.target(located, index))
      const before = known.get(path)
      if (before === undefined) {
        const step = { path, located, scenario, targets: new Set(targets) }
        known.set(path, step)
        merged.splice(next++, 0, step)
      } else {
        next = merged.indexOf(before) + 1
        for (const target of targets) before.targets.add(target)
      }
    }
  }
  return merged
}
