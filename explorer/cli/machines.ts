import { type Flow, flowOf } from '../../model/language/machine.ts'
import type { Program } from '../../model/language/program.ts'
import { programsOf } from './built-programs.ts'
import type { Catalogue } from './catalogue.ts'

/** A kind of thread, as the first scenario has it that runs it. */
export interface Machine {
  /** The thread kind, `vcpu`. */
  readonly id: string
  readonly title: string
  readonly program: Program<never>
  readonly flow: Flow<never>
  /** Scenarios that run it. */
  readonly scenarios: readonly string[]
  /** The design that adds it; absent for a thread of the model. */
  readonly design?: string
}

/** Every thread kind of every scenario, in order of appearance, without patches; then those that designs add. */
export function machinesOf(catalogue: Catalogue): Machine[] {
  const machines = new Map<string, Machine>()
  for (const scenario of catalogue.scenarios) {
    for (const program of programsOf(scenario)) {
      const known = machines.get(program.kind)
      machines.set(
        program.kind,
        known === undefined
          ? machineOf(program, { scenarios: [scenario.id] })
          : { ...known, scenarios: [...known.scenarios, scenario.id] },
      )
    }
  }
  return [...machines.values(), ...addedMachines(catalogue, new Set(machines.keys()))]
}

/** The programs of every scenario, without patches: bounds decide which steps a program has. */
export const programsIn = ({ scenarios }: Catalogue): Program<never>[] =>
  scenarios.flatMap((scenario) => programsOf(scenario) as readonly Program<never>[])

function addedMachines({ designs, scenarios }: Catalogue, known: ReadonlySet<string>): Machine[] {
  const machines = new Map<string, Machine>()
  for (const { id: design, adds, scenarios: names } of designs) {
    if (adds?.threads === undefined) continue
    for (const scenario of scenarios.filter(({ id }) => names.includes(id))) {
      for (const program of programsOf(scenario, adds)) {
        if (known.has(program.kind) || machines.has(program.kind)) continue
        machines.set(program.kind, machineOf(program, { scenarios: names, design }))
      }
    }
  }
  return [...machines.values()]
}

const machineOf = (program: Program<unknown>, of: Pick<Machine, 'scenarios' | 'design'>): Machine => ({
  id: program.kind,
  title: program.title,
  program: program as Program<never>,
  flow: flowOf(program) as Flow<never>,
  ...of,
})
