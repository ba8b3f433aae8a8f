import { type Flow, flowOf, type LocatedStep } from '../language/machine.ts'
import { tracePatches, whereFound } from '../language/patch.ts'
import type { Program, Step } from '../language/program.ts'
import type { Bounds } from '../memory/bounds.ts'
import type { Kvm } from '../memory/kvm.ts'
import { allPlans, boundsOf } from '../scenarios/build-scenario.ts'
import { scenarios } from '../scenarios/index.ts'
import type { Difference } from './difference.ts'

/** A step that an older kernel has otherwise. */
export interface ChangedStep {
  /** Kind of the thread, `vcpu`. */
  readonly machine: string
  readonly path: string
  /** Absent where one of them has no such step. */
  readonly older?: Step<Kvm>
  readonly newer?: Step<Kvm>
  /** Both have the same step, at another place. */
  readonly moved: boolean
  /** More than 1 for a block whose steps are all changed in the same way; the steps are then the first ones. */
  readonly steps: number
}

interface Home {
  readonly scenario: string
  readonly bounds: Bounds
  readonly programs: readonly Program<Kvm>[]
}

let allHomes: readonly Home[] | null = null

/** The programs of all scenarios, in the newest kernel. Making them takes longer than patching them. */
function homes(): readonly Home[] {
  allHomes ??= allPlans().map((plan) => ({
    scenario: plan.id,
    bounds: boundsOf(plan),
    programs: scenarios.find(({ id }) => id === plan.id)?.programs?.() ?? [],
  }))
  return allHomes
}

/** The scenarios in which differences change a step. */
export function changedScenarios(differences: readonly Difference[]): ReadonlySet<string> {
  const changed = homes().filter(({ bounds, programs }) => {
    const patches = differences.flatMap(({ before }) => whereFound(...before(bounds)))
    return tracePatches(programs, patches)
      .places.flat()
      .some(({ changes }) => changes)
  })
  return new Set(changed.map(({ scenario }) => scenario))
}

const found = new Map<Difference, readonly ChangedStep[]>()

/** The steps of all scenarios that a difference changes, each once for each thread kind and path. */
export function changedSteps(difference: Difference): readonly ChangedStep[] {
  const known = found.get(difference)
  if (known !== undefined) return known
  const all = new Map<string, ChangedStep>()
  for (const { bounds, programs: newer } of homes()) {
    const patches = whereFound(...difference.before(bounds))
    if (patches.length === 0) continue
    const { programs: older, places } = tracePatches(newer, patches)
    const touched = new Set(places.flat().flatMap(({ machine, changes }) => (changes ? [machine] : [])))
    for (const [n, { kind }] of newer.entries()) {
      if (!touched.has(kind)) continue
      for (const step of changes(kind, flowOf(older[n]), flowOf(newer[n])))
        all.set(`${kind} ${step.path}`, all.get(`${kind} ${step.path}`) ?? step)
    }
  }
  const steps = [...all.values()]
  found.set(difference, steps)
  return steps
}

function changes(machine: string, older: Flow<Kvm>, newer: Flow<Kvm>): ChangedStep[] {
  const one = { machine, moved: false, steps: 1 }
  const old = new Map(older.steps.map((step) => [step.path, step]))
  const now = new Map(newer.steps.map((step) => [step.path, step]))
  const replaced = older.steps.flatMap(({ path, step }): ChangedStep[] => {
    const other = now.get(path)
    if (other === undefined) return [{ ...one, path, older: step }]
    if (other.step.cases === step.cases) return []
    return [{ ...one, path, older: step, newer: other.step }]
  })
  const dropped = newer.steps.filter(({ path }) => !old.has(path))
  const moved = newer.steps.filter(
    ({ path }) => comesAfter(newer.steps, path) !== comesAfter(older.steps, path) && old.has(path),
  )
  // A move changes what follows other steps as well; only without any other change it is the change itself.
  const isMove = replaced.length + dropped.length === 0
  return inBlocks(older, newer, [
    ...replaced,
    ...dropped.map(({ path, step }) => ({ ...one, path, newer: step })),
    ...(isMove
      ? moved.map(({ path, step }) => ({ ...one, path, older: step, newer: step, moved: true }))
      : []),
  ])
}

/** Puts the steps of a block together if all of them are new, gone or changed. */
function inBlocks(older: Flow<Kvm>, newer: Flow<Kvm>, changed: readonly ChangedStep[]): ChangedStep[] {
  const waysOf = ({ older: was, newer: is }: ChangedStep): string =>
    `${was !== undefined} ${is !== undefined}`
  const all = [...new Set([...older.steps, ...newer.steps].map(({ path }) => path))]
  const together = new Map<string, ChangedStep>()
  for (const step of changed) {
    const block = blocksOf(step.path).find((prefix) => {
      const inside = all.filter((path) => path.startsWith(`${prefix}/`))
      const same = changed.filter((c) => c.path.startsWith(`${prefix}/`) && waysOf(c) === waysOf(step))
      return inside.length === same.length
    })
    const path = block ?? step.path
    const known = together.get(path)
    together.set(path, known === undefined ? { ...step, path } : { ...known, steps: known.steps + 1 })
  }
  return [...together.values()]
}

/** `a` and `a/b` for `a/b/c`. */
const blocksOf = (path: string): string[] =>
  path
    .split('/')
    .slice(0, -1)
    .map((_, n, parts) => parts.slice(0, n + 1).join('/'))

/** The path of the step after which a step is written. */
function comesAfter(steps: readonly LocatedStep<Kvm>[], path: string): string | undefined {
  return steps[steps.findIndex((step) => step.path === path) - 1]?.path
}
