import type { Property } from '../../model/language/property.ts'
import type { System } from '../../model/language/system.ts'
import { CompiledSystem, type CompileOptions } from '../compile/compiled-system.ts'
import { Predicates } from '../compile/predicates.ts'
import type { Symmetry } from '../reduce/symmetry/symmetry.ts'
import { PropertyMonitor } from './property-monitor.ts'
import type { SearchOptions } from './search-options.ts'
import { Valuations } from './valuations.ts'

/** The options of a search that matter to how model code runs. */
export type RecordingOptions = Pick<SearchOptions, 'seed' | 'recheck' | 'onRecord'>

/** The model code of a search: it runs once per combination of values it reads, and is looked up from then on. */
export interface ModelCode {
  readonly compiled: CompiledSystem
  readonly predicates: Predicates
  readonly valuations: Valuations
  readonly monitor: PropertyMonitor
}

/**
 * The steps of a system, with the action properties that are evaluated on them.
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
 * Steps, state predicates and the property monitor, for a search that stores states.
 * @throws ModelError when the model is wrong, or properties cannot be checked.
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
  const list = PropertyMonitor.predicatesOf(properties)
  const predicates = new Predicates(system, list, recheck, symmetry?.widenPredicate)
  const valuations = new Valuations(predicates, compiled)
  return {
    compiled,
    predicates,
    valuations,
    monitor: new PropertyMonitor(system, properties, predicates, valuations),
  }
}
