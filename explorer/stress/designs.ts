import fc from 'fast-check'
import { ModelError } from '../../model/language/errors.ts'
import { drop, move, only, type Patch } from '../../model/language/patch.ts'
import { stepPaths } from '../../model/language/program.ts'
import { isLiveness, type Property } from '../../model/language/property.ts'
import type { System } from '../../model/language/system.ts'
import { catalogue } from '../cli/kvm-catalogue.ts'
import { contradictions } from '../reduce/index.ts'
import { breadthFirst, type PropertyResult, type SearchResult } from '../search/index.ts'
import { referenceCheck } from './reference-check.ts'
import { type Draw, searchSomehow, type Way } from './searches.ts'
import { picker } from './systems.ts'

/** Counts of a run. */
export interface DesignTally {
  designs: number
  searches: number
  /** Designs that were also compared with xstate. */
  byXstate: number
  /** Designs that were refused, because their patches do not apply or the model is wrong. */
  refused: number
  tooLarge: number
}

export const newDesignTally = (): DesignTally => ({
  designs: 0,
  searches: 0,
  byXstate: 0,
  refused: 0,
  tooLarge: 0,
})

/** Tapes from which a design and the ways to search it are drawn. */
export const designCases = fc.array(fc.nat(999), { minLength: 80, maxLength: 80 })

/** Most states of a design that is searched in several ways, and of one that is compared with xstate. */
const MOST_STATES = 3000
const MOST_BY_XSTATE = 400
const WAYS = 3

/**
 * Drops and moves random steps of a random scenario, and compares the searches with each other and with xstate.
 * @throws Error with the design, the way of searching and the disagreement.
 */
export function checkDesign(tape: readonly number[], tally: DesignTally): void {
  const pick = picker(tape)
  const scenarios = catalogue.scenarios.filter(({ deep }) => deep !== true)
  const scenario = scenarios[pick(scenarios.length)]
  const said: string[] = []
  const made = ((): System<never> | null => {
    try {
      const patches = patchesFor(scenario.build(), pick, said)
      return scenario.build({ patches })
    } catch (error) {
      if (error instanceof ModelError) return null
      throw error
    }
  })()
  if (made === null) {
    tally.refused++
    return
  }
  const properties = catalogue.properties.filter(
    ({ id, kind }) => kind === 'fault' || kind === 'deadlock' || scenario.properties.includes(id),
  ) as Property<never>[]
  const model = { system: made, properties }
  const name = `${scenario.id} with ${said.join(', ')}`
  const full = fullOf(made, properties)
  if (full === null || !full.complete) {
    if (full === null) tally.refused++
    else tally.tooLarge++
    return
  }
  tally.designs++
  const fail = (how: string, wrong: readonly string[]): void => {
    if (wrong.length > 0) throw new Error(`${name}, ${how}:\n  ${wrong.join('\n  ')}`)
  }
  if (full.states <= MOST_BY_XSTATE) {
    tally.byXstate++
    fail('by xstate', againstReference(full, made, properties))
  }
  for (let n = 0; n < WAYS; n++) {
    tally.searches++
    const way = searchSomehow(model, pick)
    fail(way.name, [...way.wrong, ...againstFull(way, full)])
  }
}

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/') + 1)

/** One to three patches on named steps of a system. */
function patchesFor(system: System, pick: Draw, said: string[]): Patch<unknown>[] {
  const programs = [...new Map(system.threads.map(({ program }) => [program.kind, program])).values()]
  return Array.from({ length: 1 + pick(3) }, () => {
    const { kind, entries } = programs[pick(programs.length)]
    const paths = stepPaths(entries)
    const name = paths[pick(paths.length)]
    // Steps move within one list of entries.
    const near = paths.filter((path) => folderOf(path) === folderOf(name))
    const other = near[pick(near.length)]
    const way = pick(3)
    const place = way === 1 ? { before: other } : { after: other }
    const jumps = (['follow', 'stay'] as const)[pick(2)]
    said.push(
      `${kind}: ${way === 0 ? `drop ${name}` : `move ${name} ${way === 1 ? 'before' : 'after'} ${other}, jumps ${jumps}`}`,
    )
    return only(kind, way === 0 ? drop(name) : move(name, place, jumps))
  })
}

/** An unreduced search; null if the model is wrong. */
function fullOf(system: System<never>, properties: readonly Property<never>[]): SearchResult | null {
  try {
    return breadthFirst(system, properties, { maxStates: MOST_STATES })
  } catch (error) {
    if (error instanceof ModelError) return null
    throw error
  }
}

function againstReference(
  full: SearchResult,
  system: System<never>,
  properties: readonly Property<never>[],
): string[] {
  const truth = referenceCheck(system, properties, MOST_BY_XSTATE)
  if (truth === null) return ['xstate reaches more states']
  const { states, transitions, depth, deadlocks } = full
  const wrong = Object.entries({ states, transitions, depth, deadlocks }).flatMap(([what, ours]) => {
    const theirs = truth[what as 'states']
    return ours === theirs ? [] : [`${what}: ${ours} by the search, ${theirs} by xstate`]
  })
  for (const property of full.properties) {
    const { id, trace } = property
    if (isOfGraph(property)) continue
    const [ours, theirs] = [trace?.steps.length, truth.lengths.get(id)]
    if (ours !== theirs) wrong.push(`steps to ${id}: ${ours} by the search, ${theirs} by xstate`)
  }
  return wrong
}

/** Whether a property is evaluated on the whole graph. */
const isOfGraph = ({ kind }: PropertyResult): boolean =>
  kind === 'progress' || isLiveness({ kind } as Property<never>)

/** Where a search contradicts the unreduced search. */
function againstFull({ relation, result }: Way, full: SearchResult): string[] {
  if (result === null) return []
  const isFound = (word: string): boolean => word === 'violated' || word === 'reached'
  if (relation.bounded || relation.sampled) {
    return result.properties.flatMap(({ id, verdict, trace }, n) =>
      trace !== null && full.properties[n].trace === null
        ? [`${id} is ${verdict}, with a trace; unreduced it is ${full.properties[n].verdict}`]
        : !isFound(verdict) && verdict !== 'inconclusive' && !result.complete && trace === null
          ? [`${id} is ${verdict} though the search is not complete`]
          : [],
    )
  }
  const isExact = relation.storage === 'exact'
  // With fingerprints some properties are inconclusive; reduced searches were compared with one that has fingerprints.
  const wrong = isExact ? contradictions(result, full) : []
  if (relation.counts !== 'equal') return wrong
  const counts = ({ states, transitions, depth, deadlocks, properties }: SearchResult): string => {
    const judged = properties.filter((p) => isExact || !isOfGraph(p))
    return JSON.stringify([states, transitions, depth, deadlocks, judged.map((p) => [p.id, p.trace])])
  }
  if (counts(result) !== counts(full)) wrong.push(`${counts(result)}; unreduced ${counts(full)}`)
  return wrong
}
