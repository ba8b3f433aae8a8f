import type { Patch } from '../../../model/language/patch.ts'
import type { Program } from '../../../model/language/program.ts'
import type { Scenario } from '../../../model/scenarios/scenario.ts'

/** A small change of the model that some property ought to notice. */
export interface Mutant {
  /** The same in every scenario: `SET.4 in mmu_set_spte()`. */
  readonly id: string
  /** What the statement does, as diagrams show it; null if that depends on the state. */
  readonly shows: string | null
  /** Where the change is made. */
  readonly places: readonly MutatedPlace[]
  /** The change in this scenario. */
  readonly patches: readonly Patch<never>[]
  /** Why it changes no behaviour, so that nothing needs to be searched; else null. */
  readonly equivalent: string | null
}

/** A step or block of a program. */
export interface MutatedPlace {
  /** Kind of the program, `vcpu`. */
  readonly machine: string
  /** `FR.3/ZAP.8` */
  readonly path: string
}

/** A way of changing programs. */
export interface Mutator {
  /** As in `--only`. */
  readonly id: string
  /** The mutants of a scenario. @param programs one of each kind of thread. */
  mutants(programs: readonly Program<never>[]): readonly Mutant[]
}

/** A mutant by name: its patches may contain functions, which cannot be sent to a thread. */
export interface MutantName {
  readonly mutator: string
  readonly id: string
}

/** One program of each kind of thread of a scenario, without patches. */
export function programsOf(scenario: Scenario<unknown>): Program<never>[] {
  const all = scenario.programs?.() ?? scenario.build().threads.map(({ program }) => program)
  return [...new Map(all.map((program) => [program.kind, program])).values()] as Program<never>[]
}
