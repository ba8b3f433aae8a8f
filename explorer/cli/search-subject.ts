import { programFile } from '../program-file.ts'
import type { Subject, SubjectSource } from '../search/parallel/subject.ts'
import { findProperty } from './catalogue.ts'
import { loadCatalogue } from './load-catalogue.ts'
import { type CheckRequest, systemOf } from './run-check.ts'

/** What is searched, by names. */
type Names = Pick<CheckRequest, 'scenario' | 'design' | 'properties'>

/** How a worker of a shared search makes its system and properties: from the catalogue's module, by name. */
export function subjectSource(catalogue: string, { scenario, design, properties }: Names): SubjectSource {
  const names: Names = { scenario, design, properties }
  return { module: programFile('search-subject').href, function: 'subjectOf', arguments: [catalogue, names] }
}

/** The subject itself, made in the worker. */
export async function subjectOf(catalogue: string, names: Names): Promise<Subject> {
  const loaded = await loadCatalogue(new URL(catalogue))
  const properties = names.properties.map((id) => findProperty(loaded, id))
  return { system: systemOf(loaded, names), properties }
}
