import type { Program } from '../../model/language/program.ts'
import type { System, Thread } from '../../model/language/system.ts'
import type { Catalogue } from './catalogue.ts'

/** A thread of control as one scenario has it. */
export interface Machine {
  /** The thread kind, `vcpu`. */
  readonly id: string
  readonly title: string
  readonly program: Program<never>
  readonly thread: Thread<never>
  readonly system: System
  /** Scenarios that run it; it is shown as in the first. */
  readonly scenarios: readonly string[]
  /** The design that adds it; absent for a thread of the model. */
  readonly design?: string
}

/** Every thread kind of every scenario, in order of appearance, without patches; then those that designs add. */
export function machinesOf(catalogue: Catalogue): Machine[] {
  const machines = new Map<string, Machine>()
  for (const scenario of catalogue.scenarios) {
    const system = scenario.build()
    for (const thread of new Map(system.threads.map((t) => [t.program.kind, t])).values()) {
      const { kind, title } = thread.program
      const known = machines.get(kind)
      machines.set(
        kind,
        known === undefined
          ? { id: kind, title, program: thread.program, thread, system, scenarios: [scenario.id] }
          : { ...known, scenarios: [...known.scenarios, scenario.id] },
      )
    }
  }
  return [...machines.values(), ...addedMachines(catalogue, new Set(machines.keys()))]
}

function addedMachines({ designs, scenarios }: Catalogue, known: ReadonlySet<string>): Machine[] {
  const machines = new Map<string, Machine>()
  for (const { id: design, adds, scenarios: names } of designs) {
    if (adds?.threads === undefined) continue
    for (const scenario of scenarios.filter(({ id }) => names.includes(id))) {
      const system = scenario.build({ patches: [], adds })
      for (const thread of system.threads) {
        const { program } = thread
        const { kind: id, title } = program
        if (known.has(id) || machines.has(id)) continue
        machines.set(id, { id, title, program, thread, system, scenarios: names, design })
      }
    }
  }
  return [...machines.values()]
}
