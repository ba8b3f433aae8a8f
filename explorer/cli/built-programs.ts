import { type Flow, flowOf } from '../../model/language/machine.ts'
import { applyPatches } from '../../model/language/patch.ts'
import type { Program } from '../../model/language/program.ts'
import type { Change } from '../../model/scenarios/additions.ts'
import type { Scenario } from '../../model/scenarios/scenario.ts'
import { builtSystem } from './built-systems.ts'

/** A program, with its jumps resolved. */
export interface ResolvedProgram<W> {
  readonly program: Program<W>
  readonly flow: Flow<W>
}

/** By scenario, and by what a design adds. */
const cache = new WeakMap<object, Map<unknown, unknown>>()

/**
 * The programs of a scenario, one for each kind of thread, with what a design adds and without its patches. They are
 * kept: steps are compared by identity. Building a whole system takes ten times as long, so it is only done for a
 * scenario that has no other way.
 */
export function programsOf<W>(scenario: Scenario<W>, adds?: Change<W>['adds']): readonly Program<W>[] {
  const known = cache.get(scenario) ?? new Map<unknown, unknown>()
  cache.set(scenario, known)
  const found = known.get(adds) as readonly Program<W>[] | undefined
  if (found !== undefined) return found
  const change: Change<W> = { patches: [], ...(adds === undefined ? {} : { adds }) }
  const all =
    scenario.programs?.(change) ?? builtSystem(scenario, change).threads.map(({ program }) => program)
  const programs = [...new Map((all as Program<W>[]).map((program) => [program.kind, program])).values()]
  known.set(adds, programs)
  return programs
}

/** The programs of a scenario with a design. @throws ModelError when a patch does not fit. */
export function resolvedPrograms<W>(
  scenario: Scenario<W>,
  { patches, adds }: Change<W>,
): readonly ResolvedProgram<W>[] {
  return applyPatches(programsOf(scenario, adds), patches).map((program) => ({
    program,
    flow: flowOf(program),
  }))
}
