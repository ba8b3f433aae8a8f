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

/** A system with properties, whatever its world is. */
export interface Model {
  readonly system: System<never>
  readonly properties: readonly Property<never>[]
}

/** Whole numbers from 0 to `below - 1`, drawn by whoever looks for a failure. */
export type Draw = (below: number) => number

/** One way to search, and what its result must have in common with the truth. */
export interface Way {
  readonly name: string
  readonly relation: Relation
  /** Null where this way refuses the subject, with good reason. */
  readonly result: SearchResult | null
  /** What is wrong with the result by itself. */
  readonly wrong: readonly string[]
}

const EXACT = { counts: 'equal', storage: 'exact', bounded: false, sampled: false } as const

/** A search in full, with states kept in full: what the others are compared with. */
export function fullSearch({ system, properties }: Model): Way {
  return { name: 'full', relation: EXACT, result: breadthFirst(system, properties), wrong: [] }
}

/** Searches a subject in one of the ways there are, chosen by numbers. */
export function searchSomehow(model: Model, pick: Draw): Way {
  const ways = [stored, stored, reduced, reduced, reduced, bounded, sampled, resumed, resumed]
  return ways[pick(ways.length)](model, pick)
}

/** Storage, seed, and how many bits of a state are kept. */
function storage(pick: Draw): SearchOptions {
  const bits = [64, 96, 128] as const
  const kept: SearchOptions = pick(2) === 0 ? {} : { storage: 'fingerprint', fingerprintBits: bits[pick(3)] }
  // Any memory limit makes the search put its frontier on disk where the sizes say so; this one is never reached.
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

/** A search, or null where a claim of symmetry that it was to insist on is false. */
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

/** A search that is interrupted, once or many times, must end as one that is not. */
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
    // A checkpoint waits for the disk, so there are only some.
    if (pick(3) === 0)
      result = inPieces(search, directory, Math.max(2, Math.ceil((looks + 1) / (2 + pick(4))))).result
    else {
      interrupted(search, directory, pick(looks + 1))
      result = search({ resume: directory })
    }
    const [ours, theirs] = [JSON.stringify(comparable(result)), JSON.stringify(comparable(whole))]
    const wrong = ours === theirs ? [] : [`resumed, the search ends with ${ours}, else with ${theirs}`]
    return { name, relation: relationOf(all, result), result, wrong }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The properties that workers can judge together. */
export const forWorkers = <P extends Property<never>>(properties: readonly P[]): P[] =>
  properties.filter((p) => p.kind !== 'progress' && !isLiveness(p))

/** Options as text: what a report of a failure names. */
export const nameOf = (options: object): string =>
  Object.entries(options)
    .map(([k, v]) => `${k} ${String(v)}`)
    .join(', ')
