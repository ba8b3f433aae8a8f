import { ModelError } from '../../../model/language/errors.ts'
import type { Sort } from '../../../model/language/shapes.ts'
import { areRenamed, type Effect, type Evaluation } from './effect.ts'
import type { Generator, Permutation, SymmetryGroup } from './symmetry-group.ts'

/** Thrown when ids of a sort that was declared symmetric are not interchangeable. */
export class AsymmetryError extends ModelError {
  readonly sort: Sort
  constructor(system: string, what: string, sort: Sort, ids: readonly number[], how: string) {
    super(
      `${system}: ${what} treats ids ${ids.join(' and ')} of sort ${sort.name} differently (${how}), so ${sort.name} is not symmetric; take it off \`symmetric\``,
    )
    this.sort = sort
  }
}

/** What is needed to find out which two ids a unit treats differently. */
interface UnitsUnderTest {
  readonly system: string
  readonly group: SymmetryGroup
  /** Evaluates a unit on a state. */
  readonly evaluate: (unit: number, encoded: Uint16Array) => Evaluation
  readonly image: (unit: number, permutation: Permutation) => number
  readonly describe: (unit: number) => string
}

/**
 * Explains why a unit is not equivariant under a permutation. Applies the permutation as a sequence of exchanges of
 * two neighbouring ids; one of them must show the difference.
 * @returns null if none does.
 */
export function asymmetryOf(
  { system, group, evaluate, image, describe }: UnitsUnderTest,
  first: number,
  state: Uint16Array,
  permutation: Permutation,
): AsymmetryError | null {
  let unit = first
  let encoded = state
  for (const number of group.wordOf(permutation)) {
    const generator = group.generators[number]
    const { sort, ids } = generator
    const { effects } = evaluate(unit, encoded)
    const refuse = (how: string) => new AsymmetryError(system, describe(unit), sort, ids, how)
    const renamed = new Uint16Array(encoded.length)
    group.imageOfState(encoded, generator.permutation, renamed)
    const renamedUnit = image(unit, generator.permutation)
    let found: readonly Effect[]
    try {
      found = evaluate(renamedUnit, renamed).effects
    } catch (error) {
      return refuse(`with the ids exchanged: ${error instanceof Error ? error.message : String(error)}`)
    }
    if (!areRenamed(group, effects, generator.permutation, found)) {
      if (effects.length > 1) return refuse('with the ids exchanged it can lead elsewhere')
      return refuse(difference(group, effects[0], generator, found[0], renamed))
    }
    unit = renamedUnit
    encoded = renamed
  }
  return null
}

/** Says how the expected effect differs from `found`. @param encoded the renamed state on which `found` occurred. */
function difference(
  group: SymmetryGroup,
  original: Effect,
  { permutation }: Generator,
  found: Effect,
  encoded: Uint16Array,
): string {
  if (original.outcome !== found.outcome)
    return `it ${original.outcome}, and with the ids exchanged it ${found.outcome}`
  const expected = encoded.slice()
  original.fields.forEach((f, n) => {
    expected[group.imageOfField(f, permutation)] = group.imageOfValue(f, original.encoded[n], permutation)
  })
  const instead = encoded.slice()
  found.fields.forEach((f, n) => {
    instead[f] = found.encoded[n]
  })
  const field = expected.findIndex((value, f) => value !== instead[f])
  const { path, shape } = group.placements[field].field
  const show = (after: Uint16Array): string => String(shape.decode(after[field]))
  return `with the ids exchanged it leaves ${path} = ${show(instead)}, not ${show(expected)}`
}
