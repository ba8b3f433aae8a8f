import type { Property } from '../../../model/language/property.ts'
import type { System } from '../../../model/language/system.ts'
import type { Recording } from '../../compile/compiled-system.ts'

/** A system with the properties to check. */
export interface Model {
  readonly system: System
  readonly properties: readonly Property<never>[]
  /** Called for every transition that a worker records, in that worker. */
  readonly onRecord?: (recording: Recording) => void
}

/**
 * How to build a model, as data: model code cannot be sent to a thread, so each worker builds the model itself. `module`
 * exports `function`, which takes `arguments` and returns a Model or a promise of one.
 */
export interface ModelSource {
  /** URL of a compiled module. */
  readonly module: string
  readonly function: string
  /** Must be data that can be sent to a thread. */
  readonly arguments: readonly unknown[]
}

/** Builds the model in this thread. @throws TypeError when the module has no such function. */
export async function loadModel(source: ModelSource): Promise<Model> {
  const module: Record<string, unknown> = await import(source.module)
  const make = module[source.function]
  if (typeof make !== 'function')
    throw new TypeError(`${source.module} exports no function ${source.function}`)
  return (await make(...source.arguments)) as Model
}
