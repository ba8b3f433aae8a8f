import type { Patch } from '../language/patch.ts'
import type { Program } from '../language/program.ts'
import type { Sort } from '../language/shapes.ts'
import { compose, each, one, type System, type ThreadGroup } from '../language/system.ts'
import { aging } from '../machines/aging/aging.ts'
import { dirtyLog } from '../machines/dirty-log/dirty-log.ts'
import { kworker } from '../machines/fault/kworker.ts'
import { memslotCreate } from '../machines/memslots/memslot-create.ts'
import { memslotDelete } from '../machines/memslots/memslot-delete.ts'
import { memslotMove } from '../machines/memslots/memslot-move.ts'
import { notifier } from '../machines/notifier/notifier.ts'
import { storeBufferDrains } from '../machines/primitives/store-buffer.ts'
import { externalWriter } from '../machines/shadow/external-writer.ts'
import { vcpuRun } from '../machines/vcpu/vcpu-run.ts'
import { rootZapper } from '../machines/zap/root-zapper.ts'
import { shrinker } from '../machines/zap/shrinker.ts'
import { zapAllFast } from '../machines/zap/zap-all-fast.ts'
import { type Bounds, smallest } from '../memory/bounds.ts'
import { type Kvm, kvmWorld } from '../memory/kvm.ts'
import { type Sorts, sortsOf } from '../memory/sorts.ts'
import { type Scenario, shownBounds } from './scenario.ts'
import { type Start, setUp } from './start.ts'

/** A scenario in a few lines: what differs from the smallest one, and where it begins. */
export interface Plan extends Omit<Scenario<Kvm>, 'aliases' | 'bounds' | 'build'> {
  readonly aliases?: readonly string[]
  /** Number and size of the guest tables are those of `start`. */
  readonly bounds: Partial<Omit<Bounds, 'tables' | 'entries'>>
  readonly start: Start
}

/** All bounds of a plan; designs whose steps depend on them ask, too. */
export function boundsOf({ bounds, start: { tables } }: Pick<Plan, 'bounds' | 'start'>): Bounds {
  return { ...smallest, tables: tables.length, entries: tables[0].length, ...bounds }
}

/** The scenario of a plan: vCPUs, and every other thread that has something to do within the bounds. */
export function scenario(plan: Plan): Scenario<Kvm> {
  const { start, bounds: _, aliases = [], ...about } = plan
  const bounds = boundsOf(plan)
  allBounds.push(bounds)
  return {
    ...about,
    aliases,
    bounds: shownBounds(bounds),
    build: (patches) => build(plan.id, bounds, start, patches),
  }
}

/** Bounds of all scenarios that were made. */
const allBounds: Bounds[] = []
let allPrograms: readonly Program<Kvm>[] | null = null

/** Programs of all scenarios: a property may name what only some of them have. */
function programsOfAll(): readonly Program<Kvm>[] {
  allPrograms ??= allBounds.flatMap((bounds) =>
    threadsOf(bounds, sortsOf(bounds)).map(({ program }) => program),
  )
  return allPrograms
}

function build(name: string, bounds: Bounds, start: Start, patches: readonly Patch<Kvm>[]): System<Kvm> {
  const sorts = sortsOf(bounds)
  return compose({
    name,
    world: kvmWorld(bounds, sorts),
    threads: threadsOf(bounds, sorts),
    initial: [(kvm) => setUp(kvm, bounds, start)],
    patches,
    symmetric: symmetricSorts(bounds, sorts, start),
    elsewhere: programsOfAll,
  })
}

function threadsOf(bounds: Bounds, sorts: Sorts): ThreadGroup<Kvm>[] {
  return [
    each(sorts.vcpu, vcpuRun(bounds)),
    ...(bounds.storeBuffers ? [each(sorts.vcpu, storeBufferDrains())] : []),
    ...(bounds.asyncPf ? [each(sorts.async_pf, kworker())] : []),
    ...(bounds.zappers > 0 ? [each(sorts.zapper, rootZapper(bounds))] : []),
    ...(bounds.slotDeletes > 0 ? [one(memslotDelete(bounds))] : []),
    ...(bounds.slotMoves > 0 ? [one(memslotMove(bounds))] : []),
    ...(bounds.slotCreates > 0 ? [one(memslotCreate(bounds))] : []),
    ...(bounds.zapAlls > 0 ? [one(zapAllFast(bounds))] : []),
    ...(bounds.notifiers > 0 ? [each(sorts.notifier, notifier(bounds))] : []),
    ...(bounds.agings > 0 ? [one(aging(bounds))] : []),
    ...(bounds.reclaims > 0 ? [one(shrinker(bounds))] : []),
    ...(bounds.logPasses > 0 ? [one(dirtyLog(bounds))] : []),
    ...(bounds.external.length > 0 ? [one(externalWriter(bounds))] : []),
  ]
}

/** Threads of one kind are interchangeable, unless the plan gives something to some of the vCPUs only. */
function symmetricSorts(bounds: Bounds, sorts: Sorts, { cr3, cr3Loads }: Start): Sort[] {
  const someOnly =
    cr3 !== undefined ||
    cr3Loads !== undefined ||
    bounds.hardStores.length > 0 ||
    bounds.edits.some(({ by }) => by !== undefined)
  return [...(someOnly ? [] : [sorts.vcpu]), sorts.zapper, sorts.notifier]
}
