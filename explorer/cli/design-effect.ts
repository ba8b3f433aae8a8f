import { plural } from '../../counterexamples/text-layout.ts'
import type { Design } from '../../model/designs/design.ts'
import { type Flow, flowOf } from '../../model/language/machine.ts'
import { describePatch, type Patch, type PatchPlace, tracePatches } from '../../model/language/patch.ts'
import type { Entry, Step } from '../../model/language/program.ts'
import type { System } from '../../model/language/system.ts'
import type { Change } from '../../model/scenarios/additions.ts'
import type { Scenario } from '../../model/scenarios/scenario.ts'
import { programsOf } from './built-programs.ts'
import { builtSystem } from './built-systems.ts'

/** What the patches of a design change in one scenario. */
export interface DesignEffect {
  readonly patches: readonly PatchEffect[]
  /** Whether the steps and their successors are the same as without the design. */
  readonly withoutEffect: boolean
  /** Steps that the design added or replaced, as `THREADKIND.STEP`. */
  readonly ownSteps: readonly string[]
}

/** What one patch changes. */
export interface PatchEffect {
  /** The change, `drop ZAP.8`. */
  readonly patch: string
  /** Where, `zapper ZAP.8`. Empty if no thread that it patches runs in the scenario. */
  readonly places: readonly string[]
  /** Kernel functions and statements of the steps it names, `mark(): sp->role.invalid = 1`. */
  readonly kernel: readonly string[]
  /** The places at which it changes nothing: a step is moved to where it already is. */
  readonly unchanged: readonly string[]
}

const NO_EFFECT: DesignEffect = { patches: [], withoutEffect: false, ownSteps: [] }

/**
 * Compares a scenario with and without a design, step by step.
 * @throws ModelError when a patch does not fit the scenario.
 */
export function designEffect<W>(
  scenario: Scenario<W>,
  { patches, adds }: Pick<Design<W>, 'patches' | 'adds'>,
): DesignEffect {
  if (patches.length === 0 && adds === undefined) return NO_EFFECT
  // Patches may concern threads that the design adds.
  const base = programsOf(scenario, adds)
  const upstream = new Set(adds === undefined ? [] : programsOf(scenario).map(({ kind }) => kind))
  // Functions are compared by identity, so both sides must come from the same build.
  const { programs, places } = tracePatches(base, patches)
  const flows = programs.map((program, n) => ({
    kind: program.kind,
    now: flowOf(program),
    before: flowOf(base[n]),
  }))
  return {
    patches: patches.map((patch, n) =>
      patchEffect(() => builtSystem(scenario, withoutPatches(adds)), patch, places[n]),
    ),
    withoutEffect: adds === undefined && flows.every(({ now, before }) => sameFlow(now, before)),
    ownSteps: flows.flatMap(({ kind, now, before }) => {
      const isAdded = adds !== undefined && !upstream.has(kind)
      const paths = isAdded ? now.steps.map(({ path }) => path) : ownSteps(now, before)
      return paths.map((path) => `${kind}.${path}`)
    }),
  }
}

/** The steps that a design added, replaced or moved in a scenario, as `THREADKIND.STEP`. */
export function changedSteps<W>(
  scenario: Scenario<W>,
  design: Pick<Design<W>, 'patches' | 'adds'>,
): ReadonlySet<string> {
  const { ownSteps: own } = designEffect(scenario, design)
  const { patches, adds } = design
  if (patches.every(({ op }) => op !== 'move')) return new Set(own)
  const { programs, places } = tracePatches(programsOf(scenario, adds), patches)
  const moved = places.filter((_, n) => patches[n].op === 'move').flat()
  const paths = programs.flatMap((program) =>
    flowOf(program)
      .steps.filter(({ path }) =>
        moved.some(
          (place) =>
            place.changes && place.machine === program.kind && `${path}/`.startsWith(`${place.path}/`),
        ),
      )
      .map(({ path }) => `${program.kind}.${path}`),
  )
  return new Set([...own, ...paths])
}

/** `patch 1: drop ZAP.8 (zapper ZAP.8): mark(): sp->role.invalid = 1, 1 place`. */
export function patchLine({ patch, places, kernel }: Omit<PatchEffect, 'unchanged'>, index: number): string {
  const where = places.length === 0 ? '' : ` (${places.join(', ')})`
  return `patch ${index + 1}: ${patch}${where}: ${[...kernel, plural(places.length, 'place')].join(', ')}`
}

/** Remarks on patches that change nothing, one sentence each. */
export function remarksOn({ patches, withoutEffect }: DesignEffect): string[] {
  const idle = patches.flatMap(({ unchanged, places, patch }, n) => {
    if (places.length === 0) return [`patch ${n + 1} (${patch}): its machine does not run in this scenario`]
    if (unchanged.length === 0) return []
    const where = unchanged.length === places.length ? '' : ` in ${unchanged.join(', ')}`
    return [`patch ${n + 1} (${patch}): the step already stands there${where}`]
  })
  return withoutEffect
    ? [...idle, 'without effect: the design leaves every step, and what follows it, as it is upstream']
    : idle
}

const withoutPatches = <W>(adds: Change<W>['adds']): Change<W> => ({
  patches: [],
  ...(adds === undefined ? {} : { adds }),
})

/** @param built the system without the patches, which only statements need that are shown in a state. */
function patchEffect<W>(
  built: () => System<W>,
  patch: Patch<W>,
  places: readonly PatchPlace<W>[],
): PatchEffect {
  const nameOf = ({ machine, path }: PatchPlace<W>): string => `${machine} ${path}`
  return {
    patch: describePatch(patch as Patch<never>),
    places: places.map(nameOf),
    // Most reports do not show it.
    get kernel() {
      const named = (place: PatchPlace<W>): readonly Entry<W>[] =>
        patch.op === 'insert' ? patch.entries : [place.entry]
      return [
        ...new Set(
          places.flatMap((place) => named(place).flatMap((entry) => kernelOf(built, { ...place, entry }))),
        ),
      ]
    },
    unchanged: places.filter(({ changes }) => !changes).map(nameOf),
  }
}

/** The kernel function and statement of a step; of several steps the functions. */
function kernelOf<W>(built: () => System<W>, { machine, entry }: PatchPlace<W>): string[] {
  if (entry.kind !== 'step') return [...new Set(stepsOf(entry).flatMap(({ about }) => functionOf(about)))]
  const statement = statementOf(built, machine, entry)
  const fn = functionOf(entry.about)
  return statement === null ? fn : [[...fn, statement].join(': ')]
}

const functionOf = ({ fn }: Step<never>['about']): string[] => (fn === undefined ? [] : [`${fn}()`])

function stepsOf<W>(entry: Entry<W>): readonly Step<W>[] {
  if (entry.kind === 'step') return [entry]
  if (entry.kind === 'landing') return []
  return entry.kind === 'choice' ? entry.steps : entry.entries.flatMap(stepsOf)
}

/**
 * The line that diagrams show for a step in the initial state; unknown values as `?`.
 * @param built a system with the step, which is only built if the line depends on the state.
 */
export function statementOf<W>(
  built: () => System<W>,
  machine: string,
  { about }: Pick<Step<W>, 'about'>,
): string | null {
  const { shows } = about
  if (typeof shows !== 'function') return shows ?? null
  const { threads, initial, view } = built()
  const self = threads.find(({ program }) => program.kind === machine)?.self ?? 0
  const { world } = view({ read: (field) => initial[0][field], write: () => {} })
  try {
    const said = shows(world, self).replaceAll(/\b(null|undefined)\b/g, '?')
    return said.replace(/^page \S+: /, '')
  } catch {
    // Some steps can only be shown in a state in which they can be taken.
    return null
  }
}

/** Whether two flows have the same steps in the same places, with the same functions and successors. */
function sameFlow<W>(a: Flow<W>, b: Flow<W>): boolean {
  return (
    a.counters.join() === b.counters.join() &&
    [...a.validEnds].sort().join() === [...b.validEnds].sort().join() &&
    a.steps.length === b.steps.length &&
    a.steps.every((step, n) => {
      const other = b.steps[n]
      return (
        step.path === other.path &&
        step.at === other.at &&
        step.step.cases.length === other.step.cases.length &&
        step.step.cases.every(({ when, does }, k) => {
          const { when: otherWhen, does: otherDoes } = other.step.cases[k]
          return when === otherWhen && does === otherDoes && a.target(step, k) === b.target(other, k)
        })
      )
    })
  )
}

/** Paths of the steps that are new or changed. */
function ownSteps<W>(now: Flow<W>, before: Flow<W>): string[] {
  // A moved step is a copy with another `fn`; its cases are the same object.
  const known = new Map(before.steps.map(({ path, step }) => [path, step.cases]))
  return now.steps.filter(({ path, step }) => known.get(path) !== step.cases).map(({ path }) => path)
}
