import type { Design } from '../../model/designs/design.ts'
import type { Property } from '../../model/language/property.ts'
import type { System } from '../../model/language/system.ts'
import type { Reduce } from '../reduce/reduction.ts'
import { breadthFirst, type Progress } from '../search/breadth-first.ts'
import { searchRandom } from '../search/random/search-random.ts'
import type { PropertyResult, SearchResult, Trace, Verdict } from '../search/result.ts'
import { type Catalogue, findDesign, findProperty, findScenario } from './catalogue.ts'
import { InternalError } from './errors.ts'

/** How one search is made; plain data, so that it can be sent to a thread. */
export interface SearchSettings {
  /** `bfs` visits everything; the others sample and never say that a property holds. */
  readonly search: 'bfs' | 'random' | 'priorities' | 'preemptions'
  readonly storage: 'exact' | 'fingerprint'
  readonly reduce: Reduce
  readonly maxStates?: number
  readonly maxDepth?: number
  readonly timeLimit?: number
  readonly memoryLimit?: number
  readonly seed?: number
}

/** One search, by names. A design from a file is sent whole: it is data. */
export interface CheckRequest {
  readonly scenario: string
  readonly design: string | Design<never>
  readonly properties: readonly string[]
  readonly settings: SearchSettings
}

/** What was found about one property, by name. */
export interface PropertyOutcome {
  readonly id: string
  readonly kind: Property<never>['kind']
  readonly verdict: Verdict
  readonly antecedent: number
  readonly trace: Trace | null
  /** Why the verdict is inconclusive, where that is not simply that the search ended early. */
  readonly reason: string | null
  /** The thread for which the property is violated, when it is judged for each. */
  readonly subject: string | null
}

/** A search result as plain data. */
export interface CheckOutcome extends Omit<SearchResult, 'properties'> {
  readonly properties: readonly PropertyOutcome[]
}

/** What a running search is asked and tells. */
export interface Hooks {
  readonly stop: () => boolean
  readonly onProgress: (progress: Progress) => void
}

/**
 * Searches in this thread.
 * @throws ModelError when the model or a patch is wrong.
 */
export function runCheck<W>(catalogue: Catalogue<W>, request: CheckRequest, hooks: Hooks): CheckOutcome {
  const properties = request.properties.map((id) => findProperty(catalogue, id))
  const { search, ...settings } = request.settings
  const options = { ...settings, ...hooks }
  const system = systemOf(catalogue, request)
  const result =
    search === 'bfs'
      ? breadthFirst(system, properties, options)
      : searchRandom(system, properties, { ...options, method: search === 'random' ? 'walks' : search })
  return { ...result, properties: properties.map((p) => outcomeOf(p, result.properties)) }
}

function outcomeOf<W>(property: Property<W>, all: readonly PropertyResult<W>[]): PropertyOutcome {
  const found = all.find((each) => each.property === property)
  if (found === undefined) throw new InternalError(`property ${property.id} was not judged`)
  const { verdict, antecedent, trace, reason = null, subject = null } = found
  return { id: property.id, kind: property.kind, verdict, antecedent, trace, reason, subject }
}

/** The system of a request. @throws ModelError when a patch does not fit the scenario. */
export function systemOf<W>(
  catalogue: Catalogue<W>,
  { scenario, design }: Pick<CheckRequest, 'scenario' | 'design'>,
): System<W> {
  const { patches } = typeof design === 'string' ? findDesign(catalogue, design) : (design as Design<W>)
  return findScenario(catalogue, scenario).build(patches)
}
