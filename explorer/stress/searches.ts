import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isLiveness, type Property } from '../../model/language/property.ts'
import type { System } from '../../model/language/system.ts'
import {
  comparable,
  inPieces,
  interrupted,
  type Search,
  stopChecksIn,
} from '../checkpoint/testing/interrupted-searches.ts'
import { AsymmetryError, contradictions } from '../reduce/index.ts'
import { breadthFirst, type SearchOptions, type SearchResult, searchRandom } from '../search/index.ts'
import type { Relation } from './compare.ts'

/** A system with properties, for any type of world. */
export interface Model {
  readonly system: System<never>
  readonly properties: readonly Property<never>[]
}

/** Draws a whole number from 0 to `below - 1`. */
export type Draw = (below: number) => number

/** One way to search, with its result and how that must agree with the naive checker. */
export interface Way {
  readonly name: string
  readonly relation: Relation
  /** Null if the model is rightly refused. */
  readonly result: SearchResult | null
  /** What is wrong with the result even without the naive checker. */
  readonly wrong: readonly string[]
}

const EXACT = { counts: 'equal', storage: 'exact', bounded: false, sampled: false } as const

/** An unreduced search with exact storage, with which the others are compared. */
export function fullSearch({ system, properties }: Model): Way {
  return { name: 'full', relation: EXACT, result: breadthFirst(system, properties), wrong: [] }
}

/** Searches a model in a random way. */
export function searchSomehow(model: Model, pick: Draw): Way {
  const ways = [stored, stored, reduced, reduced, reduced, bounded, sampled, resumed, resumed]
  return ways[pick(ways.length)](model, pick)
}

/** Random storage, seed and fingerprint bits. */
function storage(pick: Draw): SearchOptions {
  const bits = [64, 96, 128] as const
  const kept: SearchOptions = pick(2) === 0 ? {} : { storage: 'fingerprint', fingerprintBits: bits[pick(3)] }
  // With small sizes, any memory limit makes the search move its frontier to disk. This limit is never reached.
  return { ...kept, seed: 1 + pick(1000), ...(pick(2) === 0 ? {} : { memoryLimit: 1 << 20 }) }
}

function stored({ system, properties }: Model, pick: Draw): Way {
  const options = storage(pick)
  const relation = { ...EXACT, storage: options.storage ?? 'exact' }
  return { name: nameOf(options), relation, result: breadthFirst(system, properties, options), wrong: [] }
}

function reducing(pick: Draw): SearchOptions {
  return { ...storage(pick), reduce: (['symmetry', 'por', 'all'] as const)[pick(3)] }
}

function relationOf(options: SearchOptions, { reduction }: SearchResult): Relation {
  const counts =
    reduction.partialOrder !== null ? 'fewer' : reduction.symmetry !== null ? 'orbits' : ('equal' as const)
  return { counts, storage: options.storage ?? 'exact', bounded: isBounded(options), sampled: false }
}

const isBounded = ({ maxStates, maxDepth }: SearchOptions): boolean =>
  maxStates !== undefined || maxDepth !== undefined

/** A search, or null if it requires a symmetry that is refuted. */
function attempt({ system, properties }: Model, options: SearchOptions): SearchResult | null {
  try {
    return breadthFirst(system, properties, options)
  } catch (error) {
    if (error instanceof AsymmetryError && options.reduce === 'symmetry') return null
    throw error
  }
}

function reduced(model: Model, pick: Draw): Way {
  const options = reducing(pick)
  const name = nameOf(options)
  const result = attempt(model, options)
  if (result === null) return { name, relation: EXACT, result, wrong: [] }
  const full = breadthFirst(model.system, model.properties, { storage: options.storage ?? 'exact' })
  return { name, relation: relationOf(options, result), result, wrong: contradictions(result, full) }
}

function bounded(model: Model, pick: Draw): Way {
  const most = pick(2) === 0 ? { maxStates: 1 + pick(60) } : { maxDepth: pick(9) }
  const options: SearchOptions = { ...reducing(pick), ...(pick(3) === 0 ? { reduce: 'none' } : {}), ...most }
  const result = attempt(model, options)
  const relation = result === null ? EXACT : relationOf(options, result)
  return { name: nameOf(options), relation, result, wrong: [] }
}

function sampled({ system, properties }: Model, pick: Draw): Way {
  const method = (['walks', 'priorities', 'preemptions'] as const)[pick(3)]
  const options = { method, seed: 1 + pick(1000), maxDepth: 1 + pick(40) }
  const more = method === 'preemptions' ? { maxPreemptions: pick(3) } : { walks: 1 + pick(30) }
  const result = searchRandom(system, properties, { ...options, ...more })
  const relation = { counts: 'none', storage: 'exact', bounded: true, sampled: true } as const
  return { name: nameOf({ ...options, ...more }), relation, result, wrong: [] }
}

/** An interrupted search, once or many times, must have the result of an uninterrupted one. */
function resumed(model: Model, pick: Draw): Way {
  const { system, properties } = model
  const options: SearchOptions = pick(3) === 0 ? storage(pick) : reducing(pick)
  const bound = pick(4) === 1 ? { maxStates: 1 + pick(60) } : {}
  const all = { ...options, ...bound }
  const name = `${nameOf(all)}, interrupted`
  const search: Search = (more) => breadthFirst(system, properties, { ...all, ...more })
  const whole = attempt(model, all)
  if (whole === null) return { name, relation: EXACT, result: null, wrong: [] }
  const folder = mkdtempSync(join(tmpdir(), 'stress-'))
  try {
    const directory = join(folder, 'checkpoint')
    let result: SearchResult
    const looks = stopChecksIn(search)
    // Each checkpoint is synced to disk, so there are only a few.
    if (pick(3) === 0)
      result = inPieces(search, directory, Math.max(2, Math.ceil((looks + 1) / (2 + pick(4))))).result
    else {
      interrupted(search, directory, pick(looks + 1))
      result = search({ resume: directory })
    }
    const [ours, theirs] = [JSON.stringify(comparable(result)), JSON.stringify(comparable(whole))]
    const wrong =
      ours === theirs ? [] : [`resumed, the search ends with ${ours}; uninterrupted, with ${theirs}`]
    return { name, relation: relationOf(all, result), result, wrong }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The properties that several workers can evaluate. */
export const forWorkers = <P extends Property<never>>(properties: readonly P[]): P[] =>
  properties.filter((p) => p.kind !== 'progress' && !isLiveness(p))

/** Options as text, to report a failure. */
export const nameOf = (options: object): string =>
  Object.entries(options)
    .map(([k, v]) => `${k} ${String(v)}`)
    .join(', ')
