import type { Patch } from '../../../model/language/patch.ts'
import type { Program } from '../../../model/language/program.ts'
import type { Mutant, MutatedPlace } from './mutator.ts'

/** A change in one place of one program. */
export interface PlacedChange {
  /** The same wherever its function is called. */
  readonly id: string
  readonly shows: string | null
  /** Path of the step or block that is changed. */
  readonly path: string
  /** In all programs; it is restricted to the one of the place. */
  readonly patches: readonly Patch<never>[]
  /** Why it changes no behaviour; else null. */
  readonly equivalent: string | null
}

/**
 * The mutants of a scenario. A function that is called from several places is in the model several times: it is changed
 * in all of them, as if the line were changed in the source.
 */
export function mutantsOf(
  programs: readonly Program<never>[],
  changesOf: (program: Program<never>) => readonly PlacedChange[],
): readonly Mutant[] {
  const byId = new Map<string, (PlacedChange & { readonly machine: string })[]>()
  for (const program of programs)
    for (const change of changesOf(program))
      byId.set(change.id, [...(byId.get(change.id) ?? []), { ...change, machine: program.kind }])
  return Array.from(byId, ([id, changes]): Mutant => {
    const [{ shows, equivalent }] = changes
    return {
      id,
      shows: changes.every((change) => change.shows === shows) ? shows : null,
      places: changes.map(({ machine, path }): MutatedPlace => ({ machine, path })),
      patches: changes.flatMap(({ machine, patches }) => patches.map((patch) => ({ ...patch, in: machine }))),
      equivalent: changes.every((change) => change.equivalent !== null) ? equivalent : null,
    }
  })
}
