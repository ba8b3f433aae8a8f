import type { Design } from '../../model/designs/design.ts'
import type { Property } from '../../model/language/property.ts'
import type { System } from '../../model/language/system.ts'
import type { FairnessReason, Trace } from '../../model/language/trace.ts'
import { placesOf } from '../checkpoint/index.ts'
import {
  type Exhaustive,
  exhaustive,
  FailedSearch,
  type RandomOptions,
  type SearchResult,
  type SubjectSource,
  searchRandom,
  withTrace,
} from '../search/index.ts'
import { builtSystem } from './built-systems.ts'
import { type Catalogue, findDesign, findProperty, findScenario } from './catalogue.ts'
import { InternalError } from './errors.ts'
import { nothingRaises, whyNothingJudged } from './nothing-judged.ts'
import { openInWords } from './reason-words.ts'
import type { PropertyReport } from './report/report.ts'
import type { Hooks } from './search-hooks.ts'
import type { SearchSettings } from './search-settings.ts'
import { type SelfCheck, selfChecked } from './self-checked.ts'
import { type ScenarioData, scenarioOf } from './user-scenario.ts'

/** One search, by names. A scenario or design from a file is sent whole: it is data. */
export interface CheckRequest {
  readonly scenario: string | ScenarioData
  readonly design: string | Design<never>
  /** Ids of the properties asked for. */
  readonly properties: readonly string[]
  /** Ids of those that are judged though nobody asked. They do not keep a sample going. */
  readonly unasked: readonly string[]
  readonly settings: SearchSettings
}

/** What was found about one property, by name: as the report has it, with the trace in place of a file. */
export interface PropertyOutcome extends Omit<PropertyReport, 'kind' | 'fairness' | 'counterexample'> {
  readonly kind: Property<never>['kind']
  readonly trace: Trace | null
  readonly fairness: readonly FairnessReason[] | null
}

/** A search result as plain data. */
export interface CheckOutcome extends Omit<SearchResult, 'properties'> {
  readonly properties: readonly PropertyOutcome[]
  /** Threads that shared the search. */
  readonly workers: number
  /** The full search that this one was compared with; null when that was not asked for. */
  readonly selfCheck: SelfCheck | null
  /** The failure of model code that ended the search; null without one. */
  readonly modelError: ModelFailure | null
}

/** A failure of model code, and the steps to it, the failing one last; null when they are not known. */
export interface ModelFailure {
  readonly message: string
  readonly trace: Trace | null
}

/**
 * Makes one search, in this thread or with workers of its own.
 * @param team how workers make the system; null where there can be none.
 * A failure of model code ends the search and is part of the outcome.
 * @throws ModelError when the system cannot be built or searched at all, CheckpointError, LostWorker;
 *   InternalError when a reduced search and the full one that it is compared with differ.
 */
export async function runCheck<W>(
  catalogue: Catalogue<W>,
  request: CheckRequest,
  hooks: Hooks,
  team: SubjectSource | null = null,
): Promise<CheckOutcome> {
  const { properties, asked } = judgedIn(catalogue, request)
  const system = systemOf(catalogue, request)
  const { selfCheck: isAsked = false, ...settings } = request.settings
  const { checkpoint: _, resume: __, ...anew } = settings
  const full: SearchSettings = { ...anew, ...placesOf(settings, 'self-check'), reduce: 'none' }
  const search = ({ search: _, ...how }: SearchSettings): Promise<Exhaustive> =>
    // A check of the checker leaves nothing out.
    exhaustive(system, properties, { ...how, ...hooks, recheck: isAsked ? 'all' : 'sample' }, team)
  const sampling = { ...settings, ...hooks, wanted: request.properties }
  const judged = (result: SearchResult): readonly PropertyOutcome[] =>
    properties.map((p) => outcomeOf(p, asked.includes(p), system, result))
  try {
    const found =
      settings.search === 'bfs'
        ? await search(settings)
        : { result: sampled(system, properties, sampling), workers: 1 }
    const { result, selfCheck } = isAsked
      ? await selfChecked(system.name, found.result, async () => (await search(full)).result)
      : { ...found, selfCheck: null }
    return { ...result, workers: found.workers, selfCheck, modelError: null, properties: judged(result) }
  } catch (error) {
    if (!(error instanceof FailedSearch)) throw error
    const failed = error as FailedSearch
    const { message, trace, result } =
      failed.trace === null
        ? withTrace(failed, system, properties, { ...hooks, maxStates: MOST_SEARCHED })
        : failed
    return {
      ...result,
      workers: 1,
      selfCheck: null,
      modelError: { message, trace },
      properties: judged(result),
    }
  }
}

/** States searched for the steps to a failure that a search found but cannot lead to. */
const MOST_SEARCHED = 1_000_000

function sampled<W>(
  system: System<W>,
  properties: readonly Property<W>[],
  { search, ...options }: SearchSettings & Hooks & Pick<RandomOptions, 'wanted'>,
): SearchResult {
  const method = search === 'priorities' || search === 'preemptions' ? search : 'walks'
  return searchRandom(system, properties, { ...options, method })
}

/** The properties of a request: all that are judged, and those of them that were asked for. */
export function judgedIn<W>(
  catalogue: Catalogue<W>,
  { design, properties, unasked }: Pick<CheckRequest, 'design' | 'properties' | 'unasked'>,
): { readonly properties: readonly Property<W>[]; readonly asked: readonly Property<W>[] } {
  const change = changeOf(catalogue, design)
  const [asked, besides] = [properties, unasked].map((ids) =>
    ids.map((id) => findProperty(catalogue, id, change)),
  )
  return { properties: [...asked, ...besides], asked }
}

function outcomeOf<W>(
  property: Property<W>,
  asked: boolean,
  system: System<W>,
  { properties: all, steps }: Pick<SearchResult, 'properties' | 'steps'>,
): PropertyOutcome {
  const found = all.find((each) => each.property === property)
  if (found === undefined) throw new InternalError(`property ${property.id} was not judged`)
  const { id, kind } = property
  const { trace, upTo = null, subject = null, fairness = null } = found
  const isIdle = found.verdict === 'holds' && nothingRaises(property, system, steps)
  const judgedAs = isIdle ? 'vacuous' : found.verdict
  const antecedent = isIdle ? 0 : found.antecedent
  const isEmpty = judgedAs === 'vacuous' || judgedAs === 'not-reached'
  const open = found.reason === undefined ? null : openInWords(found.reason)
  const reason = isEmpty ? whyNothingJudged(property, system) : open
  const verdict = judgedAs === 'vacuous' && !asked ? 'not-applicable' : judgedAs
  return { id, kind, asked, verdict, antecedent, trace, reason, upTo, subject, fairness }
}

/** The system of a request. @throws ModelError when a patch does not fit the scenario. */
export function systemOf<W>(
  catalogue: Catalogue<W>,
  { scenario, design }: Pick<CheckRequest, 'scenario' | 'design'>,
): System<W> {
  const found =
    typeof scenario === 'string'
      ? findScenario(catalogue, scenario)
      : scenarioOf(catalogue, scenario, `scenario ${scenario.id}`)
  return builtSystem(found, changeOf(catalogue, design))
}

const changeOf = <W>(catalogue: Catalogue<W>, design: CheckRequest['design']): Design<W> =>
  typeof design === 'string' ? findDesign(catalogue, design) : (design as Design<W>)
