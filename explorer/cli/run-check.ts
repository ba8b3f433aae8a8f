import type { Design } from '../../model/designs/design.ts'
import type { Property } from '../../model/language/property.ts'
import type { System } from '../../model/language/system.ts'
import type { Change } from '../../model/scenarios/additions.ts'
import type { Scenario } from '../../model/scenarios/scenario.ts'
import { checkpointPathsOf } from '../checkpoint/index.ts'
import {
  exhaustive,
  FailedSearch,
  type ModelSource,
  type RandomOptions,
  type SearchHooks,
  type SearchResult,
  StateSketch,
  searchRandom,
  withTrace,
} from '../search/index.ts'
import { builtSystem } from './built-systems.ts'
import { type Catalogue, findDesign, findProperty, findScenario } from './catalogue.ts'
import { catalogueOfKernel } from './catalogue-of-kernel.ts'
import type { DesignCode } from './design-code/design-code.ts'
import type { MutantName } from './mutation/mutator.ts'
import { findMutant } from './mutation/mutators.ts'
import type { CheckReport } from './report/report.ts'
import type { CheckSettings } from './search-settings.ts'
import { selfChecked } from './self-checked.ts'
import { type ScenarioData, scenarioOf } from './user-scenario.ts'

/** One search, by name. A scenario or design from a file is sent whole, as data or as the text of its code. */
export interface CheckRequest {
  readonly scenario: string | ScenarioData
  readonly design: string | Design<never> | DesignCode
  /** The kernel, by id; absent: the newest. */
  readonly kernel?: string
  /** A change of the design, which must be upstream, in one place. */
  readonly mutant?: MutantName
  /** Ids of the requested properties. */
  readonly properties: readonly string[]
  /** Ids of those that are judged though not requested. A random search does not continue for them. */
  readonly unasked: readonly string[]
  readonly settings: CheckSettings
}

/** The result of a search, and of the full search that it was compared with; null without `--self-check`. */
export type Checked = SearchResult &
  Pick<CheckReport, 'selfCheck'> & {
    /** Of the states that random walks saw, if it was asked for. */
    readonly sketch?: readonly number[]
  }

/**
 * Runs one search, in this thread or shared by several workers. An error in model code ends the search and is part of
 * the result.
 * @param workers how workers build the system; null where there can be none.
 * @throws ModelError when the system cannot be built or searched at all, CheckpointError, LostWorker;
 *   InternalError when a reduced search and the full one that it is compared with differ.
 */
export async function runCheck<W>(
  catalogue: Catalogue<W>,
  asked: CheckRequest,
  hooks: SearchHooks,
  workers: ModelSource | null = null,
): Promise<Checked> {
  const request = await withDesign(catalogue, asked)
  const properties = judgedIn(catalogue, request)
  const system = systemOf(catalogue, request)
  const { selfCheck: isAsked = false, ...settings } = request.settings
  const { checkpoint: _, resume: __, ...anew } = settings
  const full: CheckSettings = { ...anew, ...checkpointPathsOf(settings, 'self-check'), reduce: 'none' }
  const search = ({ search: _, ...how }: CheckSettings): Promise<SearchResult> =>
    // A self-check compares every recording, not a sample.
    exhaustive(system, properties, { ...how, ...hooks, recheck: isAsked ? 'all' : 'sample' }, workers)
  const sampling = { ...settings, ...hooks, wanted: request.properties }
  try {
    const found: SearchResult & Pick<Checked, 'sketch'> =
      settings.search === 'bfs' ? await search(settings) : sampled(system, properties, sampling)
    return isAsked ? await selfChecked(system.name, found, () => search(full)) : { ...found, selfCheck: null }
  } catch (error) {
    if (!(error instanceof FailedSearch)) throw error
    const failed = error as FailedSearch
    const { result } =
      failed.trace === null
        ? withTrace(failed, system, properties, { ...hooks, maxStates: MOST_SEARCHED })
        : failed
    return { ...result, selfCheck: null }
  }
}

/** Most states to search for the trace to an error that the first search found without one. */
const MOST_SEARCHED = 1_000_000

function sampled<W>(
  system: System<W>,
  properties: readonly Property<W>[],
  { search, ...options }: CheckSettings & SearchHooks & Pick<RandomOptions, 'wanted'>,
): SearchResult & Pick<Checked, 'sketch'> {
  const method = search === 'priorities' || search === 'preemptions' ? search : 'walks'
  if (options.sketch !== true || method === 'preemptions')
    return searchRandom(system, properties, { ...options, method })
  const sketch = new StateSketch(system.layout.words)
  const onState = (words: Int32Array): void => sketch.add(words)
  const found = searchRandom(system, properties, { ...options, method, onState })
  return { ...found, sketch: sketch.least }
}

/** A request whose design has been made, if it is code. */
type Named = Omit<CheckRequest, 'design'> & { readonly design: string | Design<never> }

/** Runs the code of a design, if it is code. @throws UsageError as `designOfCode`. */
export async function withDesign<W, R extends Pick<CheckRequest, 'scenario' | 'design' | 'kernel'>>(
  all: Catalogue<W>,
  request: R,
): Promise<Omit<R, 'design'> & Pick<Named, 'design'>> {
  const { design, kernel } = request
  if (typeof design === 'string' || !('modules' in design)) return { ...request, design }
  const catalogue = catalogueOfKernel(all, kernel)
  const { designOfCodeIn } = await import('./design-code/design-of-code.ts')
  return {
    ...request,
    design: (await designOfCodeIn(catalogue, design, scenarioIn(catalogue, request))) as Design<never>,
  }
}

const scenarioIn = <W>(catalogue: Catalogue<W>, { scenario }: Pick<CheckRequest, 'scenario'>): Scenario<W> =>
  typeof scenario === 'string'
    ? findScenario(catalogue, scenario)
    : scenarioOf(catalogue, scenario, `scenario ${scenario.id}`)

/** The properties of a request, requested ones first. */
export function judgedIn<W>(
  catalogue: Catalogue<W>,
  { design, kernel, properties, unasked }: Pick<Named, 'design' | 'kernel' | 'properties' | 'unasked'>,
): readonly Property<W>[] {
  const change = changeOf(catalogueOfKernel(catalogue, kernel), design)
  return [...properties, ...unasked].map((id) => findProperty(catalogue, id, change))
}

/** The system of a request. @throws ModelError when a patch does not fit the scenario. */
export function systemOf<W>(
  all: Catalogue<W>,
  { scenario, design, kernel, mutant }: Pick<Named, 'scenario' | 'design' | 'kernel' | 'mutant'>,
): System<W> {
  const catalogue = catalogueOfKernel(all, kernel)
  const found = scenarioIn(catalogue, { scenario })
  if (mutant === undefined) return builtSystem(found, changeOf(catalogue, design))
  return found.build(findMutant(found as Scenario<unknown>, mutant) as Change<unknown> as Change<W>)
}

const changeOf = <W>(catalogue: Catalogue<W>, design: Named['design']): Design<W> =>
  typeof design === 'string' ? findDesign(catalogue, design) : (design as Design<W>)
