import type { Property } from '../../../model/language/property.ts'
import type { System } from '../../../model/language/system.ts'
import type { Recording } from '../../compile/compiled-system.ts'

/** What is searched. */
export interface Model {
  readonly system: System
  readonly properties: readonly Property<never>[]
  /** Told of every behaviour that a worker computes, in that worker. */
  readonly onRecord?: (recording: Recording) => void
}

/**
 * A subject as data: model code cannot be sent to a thread, so each worker makes it anew. `module` exports a
 * function of the name `function` that takes `arguments` and returns a Model or a promise of one.
 */
export interface ModelSource {
  /** Address of a compiled module. */
  readonly module: string
  readonly function: string
  /** Whatever can be sent to a thread. */
  readonly arguments: readonly unknown[]
}

/** Makes the subject in this thread. @throws TypeError when the module has no such function. */
export async function loadModel(source: ModelSource): Promise<Model> {
  const module: Record<string, unknown> = await import(source.module)
  const make = module[source.function]
  if (typeof make !== 'function')
    throw new TypeError(`${source.module} exports no function ${source.function}`)
  return (await make(...source.arguments)) as Model
}
