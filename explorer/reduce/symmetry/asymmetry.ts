import { ModelError } from '../../../model/language/errors.ts'
import type { Sort } from '../../../model/language/shapes.ts'
import { type Answer, areRenamed, type Saying } from '../partial-order/saying.ts'
import type { Generator, Permutation, SymmetryGroup } from './symmetry-group.ts'

/** Ids that were claimed to be interchangeable and are not. */
export class AsymmetryError extends ModelError {
  readonly sort: Sort
  constructor(system: string, what: string, sort: Sort, ids: readonly number[], how: string) {
    super(
      `${system}: ${what} treats ids ${ids.join(' and ')} of sort ${sort.name} differently (${how}), so ${sort.name} is not symmetric; take it off \`symmetric\` or search with --reduce none`,
    )
    this.sort = sort
  }
}

/** What is needed to find out which two ids a subject treats differently. */
interface Asked {
  readonly system: string
  readonly group: SymmetryGroup
  /** What a subject says about a state. */
  readonly ask: (subject: number, codes: Uint16Array) => Answer
  readonly image: (subject: number, permutation: Permutation) => number
  readonly describe: (subject: number) => string
}

/**
 * Puts into words that a subject does not do under a permutation what it should: the permutation is made one
 * exchange of neighbouring ids at a time, and one of these exchanges must show the difference already.
 * @returns null when none does.
 */
export function asymmetryOf(
  { system, group, ask, image, describe }: Asked,
  first: number,
  state: Uint16Array,
  permutation: Permutation,
): AsymmetryError | null {
  let subject = first
  let codes = state
  for (const number of group.wordOf(permutation)) {
    const generator = group.generators[number]
    const { sort, ids } = generator
    const { sayings } = ask(subject, codes)
    const refuse = (how: string) => new AsymmetryError(system, describe(subject), sort, ids, how)
    const renamed = new Uint16Array(codes.length)
    group.imageOfState(codes, generator.permutation, renamed)
    const renamedSubject = image(subject, generator.permutation)
    let found: readonly Saying[]
    try {
      found = ask(renamedSubject, renamed).sayings
    } catch (error) {
      return refuse(`with the ids exchanged: ${error instanceof Error ? error.message : String(error)}`)
    }
    if (!areRenamed(group, sayings, generator.permutation, found)) {
      if (sayings.length > 1) return refuse('with the ids exchanged it can lead elsewhere')
      return refuse(difference(group, sayings[0], generator, found[0], renamed))
    }
    subject = renamedSubject
    codes = renamed
  }
  return null
}

/** @param codes the renamed state, on which `found` is said. */
function difference(
  group: SymmetryGroup,
  original: Saying,
  { permutation }: Generator,
  found: Saying,
  codes: Uint16Array,
): string {
  if (original.said !== found.said) return `it ${original.said}, and with the ids exchanged it ${found.said}`
  const expected = codes.slice()
  original.fields.forEach((f, n) => {
    expected[group.imageOfField(f, permutation)] = group.imageOfCode(f, original.codes[n], permutation)
  })
  const instead = codes.slice()
  found.fields.forEach((f, n) => {
    instead[f] = found.codes[n]
  })
  const field = expected.findIndex((code, f) => code !== instead[f])
  const { path, shape } = group.placements[field].field
  const show = (after: Uint16Array): string => String(shape.decode(after[field]))
  return `with the ids exchanged it leaves ${path} = ${show(instead)}, not ${show(expected)}`
}
