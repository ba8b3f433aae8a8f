import { boundsFor, fieldsOf, type ScenarioBounds, threadsOf } from '../features/index.ts'
import { applyPatches } from '../language/patch.ts'
import type { Program } from '../language/program.ts'
import type { Sort } from '../language/shapes.ts'
import { compose, type System, type ThreadGroup } from '../language/system.ts'
import { type Bounds, mergeBounds } from '../memory/bounds.ts'
import { type Kvm, kvmWorld } from '../memory/kvm.ts'
import { type Sorts, sortsOf } from '../memory/sorts.ts'
import type { Additions, Change } from './additions.ts'
import { type Scenario, shownBounds } from './scenario.ts'
import { type Start, setUp } from './start.ts'

/** A scenario as its differences from the smallest one, and its initial state. */
export interface Plan extends Omit<Scenario<Kvm>, 'aliases' | 'bounds' | 'build' | 'contains' | 'contents'> {
  readonly aliases?: readonly string[]
  /** Number and size of the guest tables are those of `start`. */
  readonly bounds: ScenarioBounds
  readonly start: Start
}

/** All bounds of a plan, also for designs whose steps depend on them. */
export function boundsOf({ bounds, start: { tables } }: Pick<Plan, 'bounds' | 'start'>): Bounds {
  // Without guest tables, the bounds say how large those of KVM are.
  const guest = tables.length === 0 ? { tables: 0 } : { tables: tables.length, entries: tables[0].length }
  return boundsFor(mergeBounds(bounds, { guest }))
}

/** Builds and registers a scenario of the model: vCPUs, and every other thread that the bounds ask for. */
export function scenario(plan: Plan): Scenario<Kvm> {
  plans.push(plan)
  return scenarioWith(plan, () => boundsOf(plan))
}

/** As `scenario()`, for a user's scenario, which is not registered. @throws ZodError or ModelError for wrong bounds. */
export function scenarioOutside(plan: Plan): Scenario<Kvm> {
  const bounds = boundsOf(plan)
  return scenarioWith(plan, () => bounds)
}

/** @param boundsNow the bounds: those of most scenarios are not used in a run, and checking them takes time. */
function scenarioWith(plan: Plan, boundsNow: () => Bounds): Scenario<Kvm> {
  const { start, bounds: _, aliases = [], ...about } = plan
  let known: Bounds | null = null
  const bounds = (): Bounds => {
    known ??= boundsNow()
    return known
  }
  const threads = (): Threads => threadsOfPlan(plan, bounds())
  return {
    ...about,
    aliases,
    get bounds() {
      return shownBounds(bounds())
    },
    contains: (judgedWhere) => (judgedWhere as (bounds: Bounds) => boolean)(bounds()),
    ...(start.begin === undefined ? { contents: () => contentsOf(plan) } : {}),
    build: (change = UNCHANGED) => build(plan.id, bounds(), threads(), start, change),
    programs: ({ adds, base } = UNCHANGED) => {
      const programs = groupsOf(bounds(), threads(), adds).map(({ program }) => program)
      return base === undefined ? programs : applyPatches(programs, base(bounds()))
    },
  }
}

/** A plan as the contents of a scenario file. */
function contentsOf({ id, title, about, bounds, start, properties, leavesOut }: Plan) {
  const contents = { id, title, about, bounds, start, properties, leavesOut }
  return JSON.parse(JSON.stringify(contents)) as Readonly<Record<string, unknown>>
}

const plans: Plan[] = []

/** The threads of a plan and the ids that their code names, without what designs add or change. */
interface Threads {
  readonly sorts: Sorts
  readonly groups: readonly ThreadGroup<Kvm>[]
}

/** Threads that were built: that takes longer than anything else in building a system, and each is built many times. */
const threads = new WeakMap<Plan, Threads>()

/** @param bounds those of the plan. */
function threadsOfPlan(plan: Plan, bounds: Bounds): Threads {
  const known = threads.get(plan)
  if (known !== undefined) return known
  const sorts = sortsOf(bounds)
  const built = { sorts, groups: threadsOf(bounds, sorts) }
  threads.set(plan, built)
  return built
}

/** The plans of all scenarios of the model, in the order of registration. */
export const allPlans = (): readonly Plan[] => plans

/**
 * The programs of all scenarios: a property may name steps that only some of them have.
 * @param adds the threads of a design, which may have other steps in other scenarios.
 */
function* programsOfAll({ threads: added }: Additions<Kvm>): Iterable<Program<Kvm>> {
  for (const plan of plans)
    for (const { program } of threadsOfPlan(plan, boundsOf(plan)).groups) yield program
  if (added === undefined) return
  for (const bounds of plans.map(boundsOf))
    for (const { program } of added(sortsOf(bounds), bounds)) yield program
}

const groupsOf = (
  bounds: Bounds,
  { sorts, groups }: Threads,
  adds: Additions<Kvm> = {},
): ThreadGroup<Kvm>[] => [...groups, ...(adds.threads?.(sorts, bounds) ?? [])]

const UNCHANGED: Change<Kvm> = { patches: [] }

function build(
  name: string,
  bounds: Bounds,
  threads: Threads,
  start: Start,
  { patches, adds = {}, base }: Change<Kvm>,
): System<Kvm> {
  const { sorts } = threads
  const added = adds.fields === undefined ? [] : [adds.fields(sorts, bounds)]
  return compose({
    name,
    world: kvmWorld(bounds, sorts, [...fieldsOf(bounds, sorts), ...added]),
    threads: groupsOf(bounds, threads, adds),
    initial: [
      (kvm) => {
        setUp(kvm, bounds, start)
        adds.setUp?.(kvm, bounds)
      },
    ],
    patches: [...(base?.(bounds) ?? []), ...patches],
    symmetric: symmetricSorts(bounds, sorts, start),
    elsewhere: () => programsOfAll(adds),
  })
}

/** Threads of one kind are interchangeable, except vCPUs that the plan treats differently. */
function symmetricSorts(bounds: Bounds, sorts: Sorts, { cr3, cr3Loads }: Start): Sort[] {
  const someOnly =
    cr3 !== undefined ||
    cr3Loads !== undefined ||
    bounds.unprotect.stores.length > 0 ||
    bounds.guest.edits.some(({ by }) => by !== undefined)
  const notifiersDiffer = bounds.notifier.range.length > 0
  return [...(someOnly ? [] : [sorts.vcpu]), sorts.zapper, ...(notifiersDiffer ? [] : [sorts.notifier])]
}
