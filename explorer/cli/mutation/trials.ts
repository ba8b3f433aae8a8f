import { plural } from '../../../counterexamples/text-layout.ts'
import type { Design } from '../../../model/designs/design.ts'
import { judgedProperties } from '../../../model/designs/judged-properties.ts'
import { ModelError } from '../../../model/language/errors.ts'
import type { Scenario } from '../../../model/scenarios/scenario.ts'
import type { Progress, PropertyResult } from '../../search/index.ts'
import type { Catalogue } from '../catalogue.ts'
import { errorInWords } from '../reason-words.ts'
import type { Checked, CheckRequest } from '../run-check.ts'
import type { SearchRunner } from '../search-runner.ts'
import { type Mutant, type MutantName, type Mutator, programsOf } from './mutator.ts'

/** A mutant, and what was seen of it. */
export interface Trial {
  /** The kind of change. */
  readonly mutator: string
  readonly mutant: Pick<Mutant, 'id' | 'shows'>
  readonly outcome: Outcome
  /** The violation, if a property notices it. */
  readonly evidence?: Evidence
  /** Number of searches, and the states that they visited together. */
  readonly searches: number
  readonly states: number
}

/** The violation by which a mutant was noticed. */
export interface Evidence {
  readonly scenario: Scenario<unknown>
  readonly mutant: Mutant
  /** With its trace. */
  readonly result: PropertyResult
}

/** Whether a property notices a mutant. Only complete searches of all scenarios in which it runs say that none does. */
export type Outcome =
  | {
      readonly kind: 'noticed'
      readonly scenario: string
      readonly property: string
      /** Steps of the violation. */
      readonly length: number
    }
  /** No property notices it, but model code fails: what it reads or writes is outside of its domain. */
  | { readonly kind: 'model-fails'; readonly scenario: string; readonly message: string }
  | {
      readonly kind: 'survives'
      readonly scenarios: readonly string[]
      /** Whether all counts of all these searches are those of the base: states, transitions, how often each step is taken. */
      readonly sameCounts: boolean
    }
  /** It was not looked at, because it leaves every behaviour as it is. */
  | { readonly kind: 'equivalent'; readonly why: string }
  /** No scenario that was searched takes the step. */
  | { readonly kind: 'never-taken' }
  /** The budget left searches out, or ended them. */
  | { readonly kind: 'not-decided'; readonly why: string }

/** What to try, and how long. */
export interface TrialOptions {
  readonly mutator: Mutator
  readonly base: Design<unknown>
  readonly scenarios: readonly Scenario<unknown>[]
  /** Whether the mutant of this id is tried. */
  readonly isWanted: (id: string) => boolean
  /** Most states of a search, and of the base in its scenario, unless it is to be searched first; null for no bound. */
  readonly mostStates: number | null
  /** Most scenarios to search for one mutant, the smallest first; null for no bound. */
  readonly mostScenarios: number | null
  /** Scenarios to search first, by mutant. */
  readonly searchFirst: Readonly<Record<string, string>>
  /** How many searches run in parallel. */
  readonly atOnce: number
  /** What is known of the base from trials of another kind with the same bounds; filled. */
  readonly grounds?: Grounds
}

/** The base in scenarios, by id. */
export type Grounds = Map<string, Promise<Ground>>

/** What the trials need of their surroundings. */
export interface TrialContext {
  readonly catalogue: Catalogue
  readonly runner: SearchRunner
  readonly signal: AbortSignal
  onProgress(name: string, progress: Progress): void
  /** A search ended. */
  onDone(name: string): void
}

/** The base in a scenario. */
export interface Ground {
  readonly scenario: Scenario<unknown>
  readonly base: Checked
  /** What the base violates, so that it notices nothing. */
  readonly violated: ReadonlySet<string>
}

/** Where a mutant can be tried. */
interface Candidate {
  readonly id: string
  readonly shows: string | null
  readonly equivalent: string | null
  /** The scenarios whose base takes the step, with the mutant in each; smallest first. */
  readonly places: { readonly ground: Ground; readonly mutant: Mutant }[]
  /** Scenarios that have the step, in which it is not known whether the base takes it. */
  unknown: number
}

/**
 * Searches the base in every scenario, then each mutant in the scenarios in which the base takes one of its steps,
 * smallest first, until a property is violated that the base does not violate.
 */
export async function* tryMutants(context: TrialContext, options: TrialOptions): AsyncGenerator<Trial> {
  const candidates = await candidatesFor(context, options)
  const { atOnce } = options
  yield* inParallel(candidates, atOnce, (candidate) => tryOne(context, options, candidate))
}

/** The mutants in the order of the programs; each base is searched once. */
async function candidatesFor(context: TrialContext, options: TrialOptions): Promise<Candidate[]> {
  const { mutator, scenarios, isWanted, searchFirst, atOnce } = options
  const candidates = new Map<string, Candidate>()
  const own = scenarios.map((scenario) => ({
    scenario,
    mutants: mutator.mutants(programsOf(scenario)).filter(({ id }) => isWanted(id)),
  }))
  const needed = own.filter(({ mutants }) => mutants.length > 0)
  const grounds: Ground[] = []
  for await (const ground of inParallel(needed, atOnce, ({ scenario }) =>
    groundOf(context, options, scenario),
  ))
    grounds.push(ground)
  needed.forEach(({ mutants }, n) => {
    const ground = grounds[n]
    for (const mutant of mutants) {
      const { id, shows, equivalent } = mutant
      const known = candidates.get(id)
      const candidate: Candidate = known ?? { id, shows, equivalent, places: [], unknown: 0 }
      if (known === undefined) candidates.set(id, candidate)
      if (isTaken(mutant, ground)) candidate.places.push({ ground, mutant })
      else if (!ground.base.complete) candidate.unknown++
    }
  })
  for (const { id, places } of candidates.values()) {
    const rank = ({ scenario, base }: Ground): number => (scenario.id === searchFirst[id] ? 0 : base.states)
    places.sort((a, b) => rank(a.ground) - rank(b.ground))
  }
  return [...candidates.values()]
}

async function groundOf(
  context: TrialContext,
  options: TrialOptions,
  scenario: Scenario<unknown>,
): Promise<Ground> {
  const isNeeded = Object.values(options.searchFirst).includes(scenario.id)
  const { grounds } = options
  const known = await grounds?.get(scenario.id)
  if (known !== undefined && (known.base.complete || !isNeeded)) return known
  const searched = search(context, options, scenario, null, { isBounded: !isNeeded }).then((base): Ground => {
    const violated = base.properties.filter((p) => p.verdict === 'violated').map((p) => p.id)
    return { scenario, base, violated: new Set(violated) }
  })
  grounds?.set(scenario.id, searched)
  return searched
}

/** Whether the base takes a step that the mutant changes; in a block any of its steps. */
function isTaken({ places }: Mutant, { base }: Ground): boolean {
  const names = places.map(({ machine, path }) => `${machine}.${path}`)
  for (const [step, count] of base.steps)
    if (count > 0 && names.some((name) => step === name || step.startsWith(`${name}/`))) return true
  return false
}

async function tryOne(context: TrialContext, options: TrialOptions, candidate: Candidate): Promise<Trial> {
  const { mostScenarios, mostStates, searchFirst } = options
  const { id, shows, equivalent, places, unknown } = candidate
  let searches = 0
  let states = 0
  const ended = (outcome: Outcome): Trial => ({
    mutator: options.mutator.id,
    mutant: { id, shows },
    outcome,
    searches,
    states,
  })
  if (equivalent !== null) return ended({ kind: 'equivalent', why: equivalent })
  const isFirst = (scenario: string): boolean => searchFirst[id] === scenario
  const small = places.filter(
    ({ ground: { scenario, base } }) => base.states <= (mostStates ?? base.states) || isFirst(scenario.id),
  )
  const tried = small.slice(0, mostScenarios ?? small.length)
  const open: string[] = []
  let failed: Outcome | null = null
  let sameCounts = true
  for (const { ground, mutant } of tried) {
    if (context.signal.aborted) return ended({ kind: 'not-decided', why: 'interrupted' })
    const { scenario } = ground
    const found = await tryIn(context, options, ground, mutant)
    if ('message' in found) {
      failed ??= { kind: 'model-fails', scenario: scenario.id, message: found.message }
      continue
    }
    searches++
    states += found.states
    sameCounts &&= hasSameCounts(found, ground.base)
    const noticed = found.properties.find((p) => p.verdict === 'violated' && !ground.violated.has(p.id))
    if (noticed !== undefined) {
      const length = noticed.trace?.steps.length ?? 0
      return {
        ...ended({ kind: 'noticed', scenario: scenario.id, property: noticed.id, length }),
        evidence: { scenario, mutant, result: noticed },
      }
    }
    if (found.modelError !== null)
      failed ??= { kind: 'model-fails', scenario: scenario.id, message: found.modelError.message }
    else if (!found.complete || !ground.base.complete) open.push(scenario.id)
  }
  if (failed !== null) return ended(failed)
  const left = places.length - tried.length + unknown
  if (open.length > 0 || left > 0) {
    const parts = [
      ...(open.length === 0 ? [] : [`the search of ${open.join(', ')} is not complete`]),
      ...(left === 0 ? [] : [`not searched: ${plural(left, 'more scenario')}`]),
    ]
    return ended({ kind: 'not-decided', why: parts.join('; ') })
  }
  if (tried.length === 0) return ended({ kind: 'never-taken' })
  return ended({
    kind: 'survives',
    scenarios: tried.map(({ ground }) => ground.scenario.id),
    sameCounts,
  })
}

function hasSameCounts(found: Checked, base: Checked): boolean {
  const counts = ({ states, transitions, depth, deadlocks, steps }: Checked): string =>
    JSON.stringify([states, transitions, depth, deadlocks, [...steps].filter(([, taken]) => taken > 0)])
  return counts(found) === counts(base)
}

async function tryIn(
  context: TrialContext,
  options: TrialOptions,
  { scenario, violated }: Ground,
  mutant: Mutant,
): Promise<Checked | { readonly message: string }> {
  try {
    const name = { mutator: options.mutator.id, id: mutant.id }
    const isBounded = options.searchFirst[mutant.id] !== scenario.id
    return await search(context, options, scenario, name, { isBounded, untilViolated: violated.size === 0 })
  } catch (error) {
    if (!(error instanceof ModelError)) throw error
    return { message: errorInWords(error) }
  }
}

/**
 * Searches a scenario without reduction, for all that is judged there.
 * @param mutant null for the base.
 * @throws ModelError if a patch does not fit.
 */
async function search(
  { catalogue, runner, signal, onProgress, onDone }: TrialContext,
  { base, mostStates }: TrialOptions,
  scenario: Scenario<unknown>,
  mutant: MutantName | null,
  { isBounded, untilViolated = false }: { readonly isBounded: boolean; readonly untilViolated?: boolean },
): Promise<Checked> {
  const { listed, byDefault } = judgedProperties(base, scenario, catalogue.properties)
  const name = mutant === null ? scenario.id : `${scenario.id}, ${mutant.mutator} ${mutant.id}`
  const request: CheckRequest = {
    scenario: scenario.id,
    design: base.id,
    ...(mutant === null ? {} : { mutant }),
    properties: listed.map((p) => p.id),
    unasked: byDefault.map((p) => p.id),
    settings: {
      search: 'bfs',
      reduce: 'none',
      untilViolated,
      ...(mostStates === null || !isBounded ? {} : { maxStates: mostStates }),
    },
  }
  const found = await runner.run(request, signal, {
    onProgress: (progress) => onProgress(name, progress),
    onUnwritten: () => {},
  })
  onDone(name)
  return found
}

/** Results in the order of `all`; at most `atOnce` run in parallel. */
async function* inParallel<T, R>(
  all: readonly T[],
  atOnce: number,
  run: (each: T) => Promise<R>,
): AsyncGenerator<R> {
  const running: Promise<R>[] = []
  let next = 0
  let hasFailed = false
  const start = (): void => {
    const index = next++
    if (index >= all.length || hasFailed) return
    running[index] = run(all[index]).finally(start)
    // Awaited below in order; until then a failure must not count as unhandled.
    running[index].catch(() => {
      hasFailed = true
    })
  }
  for (let n = 0; n < atOnce; n++) start()
  for (let n = 0; n < all.length; n++) yield await running[n]
}
