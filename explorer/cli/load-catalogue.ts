import { z } from 'zod'
import type { Catalogue } from './catalogue.ts'
import type { Checker } from './checker.ts'
import { InternalError } from './errors.ts'
import { builtModelHash, packageInfo } from './package-info.ts'

/** Not an object schema, which would copy its values: those of scenarios are computed when they are read. */
const named = z.custom<{ id: string }>(
  (value) => typeof value === 'object' && value !== null && typeof Reflect.get(value, 'id') === 'string',
)

const catalogueModule = z.object({
  catalogue: z.object({ scenarios: z.array(named), designs: z.array(named), properties: z.array(named) }),
})

/** Loads the module that exports `catalogue`. @throws InternalError when it does not. */
export async function loadCatalogue(module: URL): Promise<Catalogue> {
  const loaded: unknown = await import(module.href)
  if (!catalogueModule.safeParse(loaded).success) {
    throw new InternalError(`${module.href} does not export a catalogue`)
  }
  return (loaded as { readonly catalogue: Catalogue }).catalogue
}

/** The checker of this process. @throws InternalError when the module does not export a catalogue. */
export async function checkerOf(module: URL): Promise<Checker> {
  const catalogue = await loadCatalogue(module)
  return { catalogue, version: packageInfo().version, modelHash: builtModelHash }
}
