import { counterexampleOf } from '../../counterexamples/counterexample-file.ts'
import type { System } from '../../model/language/system.ts'
import type { Trace } from '../../model/language/trace.ts'
import { scenarios } from '../../model/scenarios/index.ts'
import type { Catalogue } from '../cli/catalogue.ts'
import { findDesign, findProperty } from '../cli/catalogue.ts'
import type { Checker } from '../cli/checker.ts'
import { shrunkFrom } from '../cli/shrink-counterexample.ts'
import type { verifierOf } from '../cli/shrink-scenario.ts'
import { scenarioOf } from '../cli/user-scenario.ts'
import { breadthFirst, searchRandom } from '../search/index.ts'

/** A failure that random walks are to find in a scenario with more vCPUs. */
export interface RandomFailure {
  readonly scenario: string
  readonly design: string
  readonly property: string
  readonly vcpus: number
  readonly seed: number
  /** Fewest steps of the failure to be shrunk. */
  readonly atLeast: number
}

/** The sizes of a random failure, shrunk. */
export interface Shrunk {
  readonly random: number
  readonly shrunk: number
  /** Bounds that the smaller scenario has less of. */
  readonly smaller: readonly string[]
}

/** The contents of a scenario with another number of vCPUs. */
export function withVcpus(scenario: string, vcpus: number): Readonly<Record<string, unknown>> {
  const contents = scenarios.find(({ id }) => id === scenario)?.contents?.()
  if (contents === undefined) throw new Error(`${scenario} cannot be a file`)
  return { ...contents, id: `${scenario}-${vcpus}`, bounds: { ...(contents.bounds as object), vcpus } }
}

/** Finds a long failure by random walks and shrinks it as the command line does. */
export function shrinkRandom(
  checker: Checker,
  { scenario: id, design: name, property: asked, vcpus, seed, atLeast }: RandomFailure,
  maxStates = 20_000,
): Shrunk {
  const { catalogue } = checker
  const design = findDesign(catalogue, name)
  const property = findProperty(catalogue, asked, design)
  const contents = withVcpus(id, vcpus)
  const scenario = scenarioOf(catalogue, contents, id)
  const system = scenario.build(design) as System
  const subject = { catalogue, design, property, maxStates }
  const trace = longFailure(system, subject, seed, atLeast)
  const counterexample = counterexampleOf({
    tool: checker.version,
    scenario: scenario.id,
    design: design.id,
    scenarioFile: contents,
    property,
    trace,
    model: checker.modelHash(),
  })
  const { best } = shrunkFrom({ counterexample, system }, scenario, subject, false)
  const smaller = Object.entries(scenario.bounds).flatMap(([bound, size]) =>
    (best.scenario.bounds[bound] ?? 0) < size ? [bound] : [],
  )
  return { random: trace.steps.length, shrunk: best.trace.steps.length, smaller }
}

/**
 * A failure of at least `atLeast` steps: the first walk, from this seed on, that is long enough. By priorities, since they
 * let a thread begin when others have nearly finished.
 */
function longFailure(
  system: System,
  subject: Parameters<typeof verifierOf>[1],
  seed: number,
  atLeast: number,
): Trace {
  for (let n = seed; n < seed + MOST_SEEDS; n++) {
    for (const method of ['walks', 'priorities'] as const) {
      const options = { method, seed: n, walks: 50, maxDepth: 3000 }
      const { trace } = searchRandom(system, [subject.property], options).properties[0]
      if (trace !== null && trace.steps.length >= atLeast) return trace
    }
  }
  throw new Error(`no failure of ${atLeast} steps from seed ${seed} on`)
}

const MOST_SEEDS = 200

/**
 * The number of steps of a shortest failure in a scenario with this many vCPUs, by exhaustive search; null if
 * `maxStates` were not enough.
 */
export function shortestLength(
  catalogue: Catalogue,
  { scenario, design: name, property: asked, vcpus }: Omit<RandomFailure, 'seed' | 'atLeast'>,
  maxStates?: number,
): number | null {
  const design = findDesign(catalogue, name)
  const property = findProperty(catalogue, asked, design)
  const system = scenarioOf(catalogue, withVcpus(scenario, vcpus), scenario).build(design) as System
  const { trace } = breadthFirst(system, [property], {
    untilViolated: true,
    reduce: 'symmetry',
    ...(maxStates === undefined ? {} : { maxStates }),
  }).properties[0]
  return trace?.steps.length ?? null
}
