import type { Property } from '../../model/language/property.ts'
import type { System } from '../../model/language/system.ts'
import { CompiledSystem, type CompileOptions } from '../compile/compiled-system.ts'
import { Predicates } from '../compile/predicates.ts'
import type { Symmetry } from '../reduce/symmetry/symmetry.ts'
import { PropertyMonitor } from './property-monitor.ts'
import type { SearchOptions } from './search-options.ts'
import { Valuations } from './valuations.ts'

/** What matters of the options of a search to how model code is run. */
export type RecordingOptions = Pick<SearchOptions, 'seed' | 'recheck' | 'onRecord'>

/** The model code of a search: everything that is run once in each situation and then looked up. */
export interface ModelCode {
  readonly compiled: CompiledSystem
  readonly predicates: Predicates
  readonly valuations: Valuations
  readonly monitor: PropertyMonitor
}

/**
 * The steps of a system, with the action properties that are judged on them.
 * @throws ModelError when the model is wrong.
 */
export function compiledFor(
  system: System,
  properties: readonly Property<never>[],
  { seed = 1, recheck = 'sample', onRecord }: RecordingOptions,
  more: Pick<CompileOptions, 'widen'> = {},
): CompiledSystem {
  return new CompiledSystem(system, {
    actions: properties.filter((p) => p.kind === 'action'),
    seed,
    recheck,
    ...(onRecord === undefined ? {} : { onRecord }),
    ...more,
  })
}

/**
 * Steps, state predicates and their judge, for a search that keeps states.
 * @throws ModelError when the model is wrong, or properties cannot be judged.
 */
export function modelCodeFor(
  system: System,
  properties: readonly Property<never>[],
  options: RecordingOptions,
  symmetry: Symmetry | null = null,
): ModelCode {
  const { recheck = 'sample' } = options
  const widen = symmetry === null ? {} : { widen: symmetry.widenStep }
  const compiled = compiledFor(system, properties, options, widen)
  const questions = PropertyMonitor.predicatesOf(properties)
  const predicates = new Predicates(system, questions, recheck, symmetry?.widenPredicate)
  const valuations = new Valuations(predicates, compiled)
  return {
    compiled,
    predicates,
    valuations,
    monitor: new PropertyMonitor(system, properties, predicates, valuations),
  }
}
