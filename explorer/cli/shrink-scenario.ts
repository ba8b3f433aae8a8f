import { quickly, shrink } from '../../counterexamples/shrink.ts'
import { Verifier } from '../../counterexamples/verifier.ts'
import type { Design } from '../../model/designs/design.ts'
import { isLiveness, type Property } from '../../model/language/property.ts'
import type { System } from '../../model/language/system.ts'
import type { Trace, TraceStep } from '../../model/language/trace.ts'
import type { Scenario } from '../../model/scenarios/scenario.ts'
import { breadthFirst, goalReachableIn } from '../search/index.ts'
import { type Catalogue, oopsPropertiesOf } from './catalogue.ts'
import { UsageError } from './errors.ts'
import { scenarioOf } from './user-scenario.ts'

/** A violation, and the scenario in which it occurs. */
export interface InScenario {
  readonly scenario: Scenario<unknown>
  /** The contents of the scenario's file; null for one that no file can describe. */
  readonly contents: Readonly<Record<string, unknown>> | null
  readonly system: System
  readonly trace: Trace
}

/** What is shrunk, and how hard to try. */
export interface ShrinkSubject {
  readonly catalogue: Catalogue
  readonly design: Design<unknown>
  readonly property: Property<never>
  /** Most states of the search in each smaller scenario. */
  readonly maxStates: number
}

/** What the catalogue's smaller scenarios are called. */
const SUFFIX = '-shrunk'

/**
 * Looks for smaller scenarios with the violation: one thing less at a time, as long as the design fits, the property is
 * violated, and the trace does not grow. The trace is the old one with its threads renamed, or a shortest one of a search
 * that is no deeper than the old one. Each is confirmed by xstate. Deterministic; ends where nothing can be left out.
 */
export function shrinkScenario(found: InScenario, subject: ShrinkSubject): InScenario {
  const { catalogue } = subject
  if (found.contents === null || catalogue.smallerScenarios === undefined) return found
  let best = found
  for (let isSmaller = true; isSmaller; ) {
    isSmaller = false
    for (const contents of catalogue.smallerScenarios(best.contents ?? {})) {
      const next = inSmaller(best, contents, subject)
      if (next === null) continue
      best = next
      isSmaller = true
      break
    }
  }
  return best
}

/** The violation in a scenario with these contents; null if they make no sense or it does not occur there. */
function inSmaller(
  best: InScenario,
  contents: Readonly<Record<string, unknown>>,
  subject: ShrinkSubject,
): InScenario | null {
  const built = buildFrom({ ...contents, id: shrunkId(String(contents.id)) }, subject)
  if (built === null) return null
  const trace = violationIn(built.system, best, subject)
  return trace === null ? null : { ...built, trace }
}

const shrunkId = (id: string): string =>
  id.endsWith(SUFFIX) ? id : `${id.slice(0, 64 - SUFFIX.length)}${SUFFIX}`

function buildFrom(
  contents: Readonly<Record<string, unknown>>,
  { catalogue, design }: ShrinkSubject,
): Omit<InScenario, 'trace'> | null {
  try {
    const scenario = scenarioOf(catalogue, contents, 'a smaller scenario')
    return { scenario, contents, system: scenario.build(design) as System }
  } catch (error) {
    // Bounds that make no sense, or to which the design does not apply.
    if (error instanceof UsageError || (error as Error).name === 'ModelError') return null
    throw error
  }
}

/** A trace of a system that violates the property and is no longer than the best one; null if none was found. */
function violationIn(
  system: System,
  { trace, system: larger }: InScenario,
  subject: ShrinkSubject,
): Trace | null {
  const stillFails = quickly(system, subject.property, verifierOf(system, subject))
  const same = withThreadsOf(system, larger, trace)
  if (same !== null && stillFails(same)) return shrink(same, system, stillFails, { canonical: true })
  return shortestIn(system, subject, trace.steps.length).trace
}

/** A verifier for the property in a system of the design. */
export function verifierOf(system: System, { catalogue, design, property }: ShrinkSubject): Verifier {
  const faults = oopsPropertiesOf(catalogue, design)
  return new Verifier(system, property, goalReachableIn(system, { faults }))
}

/** What a search for a shorter violation came to. */
export interface Shorter {
  /** A shortest violation, confirmed by xstate; null if none was found. */
  readonly trace: Trace | null
  /** Whether no shorter one than this, or than the one that is known, exists in this system. */
  readonly isShortest: boolean
}

/** Searches for a shortest violation of at most `maxDepth` steps. */
export function shortestIn(system: System, subject: ShrinkSubject, maxDepth: number): Shorter {
  const { property, maxStates } = subject
  if (maxDepth < 0) return { trace: null, isShortest: true }
  const isDecidedAtOnce = !isLiveness(property) && property.kind !== 'progress'
  const { properties, complete, incompleteReason } = breadthFirst(system, [property], {
    maxStates,
    reduce: 'symmetry',
    untilViolated: isDecidedAtOnce,
    ...(isDecidedAtOnce ? { maxDepth: Math.max(1, maxDepth) } : {}),
  })
  const [{ trace }] = properties
  const isFound = trace !== null && trace.steps.length <= maxDepth && verifierOf(system, subject).fails(trace)
  return {
    trace: isFound ? trace : null,
    // The search finds a shortest way to a loop, but not the loop with the shortest way.
    isShortest:
      !isLiveness(property) &&
      ((isFound && isDecidedAtOnce) || complete || incompleteReason?.kind === 'max-depth'),
  }
}

/**
 * The trace with the threads of a smaller system: those of a kind that take steps become its first ones. Null if there
 * are too few.
 */
function withThreadsOf(system: System, larger: System, { initial, steps, loopStart }: Trace): Trace | null {
  const taken = new Set(steps.map(({ thread }) => thread))
  const names = new Map<string, string>()
  for (const { name, program } of larger.threads) {
    if (!taken.has(name)) continue
    const free = system.threads.find(
      (thread) => thread.program.kind === program.kind && ![...names.values()].includes(thread.name),
    )
    if (free === undefined) return null
    names.set(name, free.name)
  }
  const renamed = steps.map(({ thread, step }): TraceStep => ({ thread: names.get(thread) ?? thread, step }))
  return { initial, steps: renamed, ...(loopStart === undefined ? {} : { loopStart }) }
}
