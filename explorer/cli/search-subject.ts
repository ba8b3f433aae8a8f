import { programFile } from '../program-file.ts'
import type { Model, ModelSource } from '../search/index.ts'
import { loadCatalogue } from './load-catalogue.ts'
import { type CheckRequest, judgedIn, systemOf, withDesign } from './run-check.ts'

/** What to search, by name. */
type Names = Pick<CheckRequest, 'scenario' | 'design' | 'kernel' | 'mutant' | 'properties' | 'unasked'>

/** How a worker of a shared search builds its system and properties: from the module of the catalogue, by name. */
export function subjectSource(
  catalogue: string,
  { scenario, design, kernel, mutant, properties, unasked }: Names,
): ModelSource {
  const names: Names = {
    scenario,
    design,
    ...(kernel === undefined ? {} : { kernel }),
    ...(mutant === undefined ? {} : { mutant }),
    properties,
    unasked,
  }
  return { module: programFile('search-subject').href, function: 'subjectOf', arguments: [catalogue, names] }
}

/** Builds the system and the properties in the worker. */
export async function subjectOf(catalogue: string, names: Names): Promise<Model> {
  const loaded = await loadCatalogue(new URL(catalogue))
  const named = await withDesign(loaded, names)
  return { system: systemOf(loaded, named), properties: judgedIn(loaded, named) }
}
