import type { Patch } from '../language/patch.ts'
import { compose, each, one, type System } from '../language/system.ts'
import { memslotCreate } from '../machines/memslot-create.ts'
import { memslotDelete } from '../machines/memslot-delete.ts'
import { notifier } from '../machines/notifier.ts'
import { shrinker } from '../machines/shrinker.ts'
import { vcpuRun } from '../machines/vcpu-run.ts'
import { zapAllFast } from '../machines/zap-all-fast.ts'
import { type Bounds, smallest } from '../memory/bounds.ts'
import { type Kvm, kvmWorld } from '../memory/kvm.ts'
import { srcu_read_lock } from '../memory/memslot.ts'
import { rmap_add } from '../memory/rmap.ts'
import { alloc_shadow_page } from '../memory/shadow-page.ts'
import { sortsOf } from '../memory/sorts.ts'
import { account_shadowed } from '../memory/write-tracking.ts'
import type { Scenario } from './scenario.ts'

/** What is there at the start, besides the vCPUs on a root for page directory 0. */
export interface Start {
  /** The guest's tables: for each, what its entries point at (all writable). */
  readonly tables: readonly (readonly (number | null)[])[]
  /** Shadow pages from the oldest to the newest; the one of gfn 0 is the root of all vCPUs. */
  readonly pages: readonly { readonly gfn: number; readonly level: number }[]
  /** Are the SPTEs of those pages present, or does the guest have to fault them in? */
  readonly filled: boolean
  /** The gfn of a page directory whose root each vCPU still holds as its previous one. */
  readonly previous?: number
}

/** A scenario of vCPUs against memslot updates, notifiers and reclaim. */
export function memoryScenario(
  about: Pick<Scenario<Kvm>, 'id' | 'aliases' | 'title' | 'about' | 'properties'> & {
    readonly bounds: Partial<Bounds>
    readonly start: Start
  },
): Scenario<Kvm> {
  const bounds: Bounds = { ...smallest, ...about.bounds }
  const count = (value: Bounds[keyof Bounds]): number =>
    typeof value === 'object' ? value.length : Number(value)
  return {
    id: about.id,
    aliases: about.aliases,
    title: about.title,
    about: about.about,
    bounds: Object.fromEntries(Object.entries(bounds).map(([name, value]) => [name, count(value)])),
    properties: about.properties,
    build: (patches) => build(about.id, bounds, about.start, patches),
  }
}

function build(name: string, bounds: Bounds, start: Start, patches: readonly Patch<Kvm>[]): System<Kvm> {
  const sorts = sortsOf(bounds)
  return compose({
    name,
    world: kvmWorld(bounds, sorts),
    threads: [
      each(sorts.vcpu, vcpuRun(bounds)),
      ...(bounds.slotDeletes > 0 ? [one(memslotDelete(bounds))] : []),
      ...(bounds.slotCreates > 0 ? [one(memslotCreate())] : []),
      ...(bounds.zapAlls > 0 ? [one(zapAllFast(bounds))] : []),
      ...(bounds.notifiers > 0 ? [each(sorts.notifier, notifier(bounds))] : []),
      ...(bounds.reclaims > 0 ? [one(shrinker(bounds))] : []),
    ],
    initial: [
      (kvm) => {
        setUpMemory(kvm, bounds, start)
        setUpPages(kvm, start)
        setUpThreads(kvm, bounds, start)
      },
    ],
    patches,
    symmetric: [sorts.vcpu, sorts.notifier],
  })
}

function setUpMemory(kvm: Kvm, bounds: Bounds, { tables }: Start): void {
  for (let g = 0; g < bounds.gfns; g++) {
    kvm.host_pte[g] = g
    kvm.slot_of_gfn[g] = bounds.slotOf[g] ?? null
    if (g < kvm.host_page.length) kvm.host_page[g].owner = 'the VM'
  }
  tables.forEach((entries, table) => {
    entries.forEach((to, index) => {
      kvm.guest_table[table][index].to = to
      kvm.guest_table[table][index].w = to !== null
    })
  })
}

function setUpPages(kvm: Kvm, { pages, filled }: Start): void {
  pages.forEach(({ gfn, level }, page) => {
    alloc_shadow_page(kvm, page, gfn, level)
    account_shadowed(kvm, page)
  })
  if (!filled) return
  pages.forEach(({ gfn, level }, page) => {
    for (let index = 0; index < kvm.page[page].spte.length; index++) {
      const { to } = kvm.guest_table[gfn][index]
      if (to === null) continue
      if (level === 1) map(kvm, page, index, to)
      else
        link(
          kvm,
          page,
          index,
          pages.findIndex((child) => child.gfn === to && child.level === level - 1),
        )
    }
  })
}

function map(kvm: Kvm, page: number, index: number, gfn: number): void {
  const entry = kvm.page[page].spte[index]
  entry.kind = 'leaf'
  entry.gfn = gfn
  entry.pfn = gfn
  entry.w = true
  entry.mmuw = true
  rmap_add(kvm, gfn, { page, index })
}

function link(kvm: Kvm, page: number, index: number, child: number): void {
  const entry = kvm.page[page].spte[index]
  entry.kind = 'link'
  entry.child = child
  kvm.page[child].parent_ptes[page].add(index)
}

function setUpThreads(kvm: Kvm, bounds: Bounds, { pages, previous }: Start): void {
  const root = pages.findIndex(({ gfn }) => gfn === 0)
  for (let v = 0; v < bounds.vcpus; v++) {
    kvm.vcpu[v].root = root
    kvm.page[root].root_count++
    kvm.vcpu[v].cr3_loads = bounds.cr3Loads
    kvm.vcpu[v].edits_left = bounds.editsLeft
    srcu_read_lock(kvm, v)
    if (previous === undefined) continue
    kvm.vcpu[v].prev_roots[0] = pages.findIndex(({ gfn }) => gfn === previous)
    kvm.page[kvm.vcpu[v].prev_roots[0] as number].root_count++
  }
  for (let n = 0; n < bounds.notifiers; n++) kvm.notifier[n].left = bounds.invalidations
  const updates = bounds.zapAlls + bounds.slotDeletes + bounds.slotCreates
  if (updates > 0) kvm.memslot[0].left = updates
  if (bounds.slotCreates > 0) {
    kvm.slot[0].published = 'gone'
    kvm.slot[0].arrays = 'freed'
  }
  if (bounds.reclaims > 0) kvm.shrinker[0].left = bounds.reclaims
}
