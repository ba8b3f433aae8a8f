import type { Patch } from '../language/patch.ts'
import { compose, each, type System } from '../language/system.ts'
import { rootZapper } from '../machines/root-zapper.ts'
import { storeBufferDrains } from '../machines/store-buffer.ts'
import { vcpuRun } from '../machines/vcpu-run.ts'
import { type Bounds, smallest } from '../memory/bounds.ts'
import { type Kvm, kvmWorld } from '../memory/kvm.ts'
import {
  alloc_shadow_page,
  find_shadow_page,
  free_page_of_pool,
  sp_has_gptes,
} from '../memory/shadow-page.ts'
import { sortsOf } from '../memory/sorts.ts'
import { account_shadowed } from '../memory/write-tracking.ts'
import type { Scenario } from './scenario.ts'

/** An entry of a guest table at the start: the frame it points at, writable; null: not present. */
export type Entry = number | null | { readonly to: number; readonly w: boolean }

/** Scenarios with guest page tables: what they have besides names and bounds. */
export interface PageTables {
  readonly id: string
  readonly aliases?: readonly string[]
  readonly title: string
  readonly about: string
  readonly bounds: Partial<Bounds>
  /** Contents of the table frames 0, 1, ... at the start. */
  readonly tables: readonly (readonly Entry[])[]
  /** Which page directory each vCPU runs on at the start; default 0. */
  readonly cr3?: readonly number[]
  readonly properties: readonly string[]
  /** Changes the initial state, for example to begin with pages that are mapped already. */
  readonly begin?: (kvm: Kvm) => void
}

/** All vCPUs begin outside the guest, with the root of their page directory loaded and nothing mapped. */
export function pageTableScenario(about: PageTables): Scenario<Kvm> {
  const { id, aliases = [], title, bounds: chosen, properties } = about
  const tables = about.tables.length
  const bounds: Bounds = { ...smallest, tables, entries: about.tables[0].length, ...chosen }
  return {
    id,
    aliases,
    title,
    about: about.about,
    bounds: Object.fromEntries(
      Object.entries(bounds).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.length : Number(value),
      ]),
    ),
    properties,
    build: (patches) => build(about, bounds, patches),
  }
}

function build(about: PageTables, bounds: Bounds, patches: readonly Patch<Kvm>[]): System<Kvm> {
  const sorts = sortsOf(bounds)
  return compose({
    name: about.id,
    world: kvmWorld(bounds, sorts),
    threads: [
      each(sorts.vcpu, vcpuRun(bounds)),
      ...(bounds.storeBuffers ? [each(sorts.vcpu, storeBufferDrains())] : []),
      ...(bounds.zappers > 0 ? [each(sorts.zapper, rootZapper(bounds))] : []),
    ],
    initial: [
      (kvm) => {
        for (let g = 0; g < bounds.gfns; g++) kvm.host_pte[g] = g
        for (const gfn of bounds.withoutGptes) kvm.without_gptes[gfn] = true
        about.tables.forEach((entries, table) => {
          entries.forEach((entry, index) => {
            const gpte = kvm.guest_table[table][index]
            gpte.to = entry !== null && typeof entry === 'object' ? entry.to : entry
            gpte.w = entry !== null && (typeof entry !== 'object' || entry.w)
          })
        })
        for (let v = 0; v < bounds.vcpus; v++) begin_vcpu(kvm, v, about.cr3?.[v] ?? 0, bounds)
        for (let z = 0; z < bounds.zappers; z++) kvm.zapper[z].left = bounds.zaps
        about.begin?.(kvm)
      },
    ],
    patches,
  })
}

function begin_vcpu(kvm: Kvm, v: number, cr3: number, bounds: Bounds): void {
  const vcpu = kvm.vcpu[v]
  vcpu.cr3 = cr3
  vcpu.root = shadow_page_for(kvm, cr3, bounds.levels)
  kvm.page[vcpu.root].root_count++
  vcpu.cr3_loads = bounds.cr3Loads
  vcpu.edits_left = bounds.editsLeft
  vcpu.invlpgs_left = bounds.invlpgs
  vcpu.hard_stores_left = bounds.hardStores.some(({ by }) => by === v) ? bounds.hardStoresLeft : 0
}

/** The shadow page of a table, built if there is none. */
export function shadow_page_for(kvm: Kvm, gfn: number, level: number): number {
  const found = find_shadow_page(kvm, gfn, level)
  if (found !== null) return found
  const page = free_page_of_pool(kvm) as number
  alloc_shadow_page(kvm, page, gfn, level)
  if (sp_has_gptes(kvm, page)) account_shadowed(kvm, page)
  return page
}

/** Links the shadow page of a table (level `level` - 1) into entry `index` of a page of level `level`. */
export function link(kvm: Kvm, parent: number, index: number, child: number): void {
  const entry = kvm.page[parent].spte[index]
  entry.kind = 'link'
  entry.child = child
  kvm.page[child].parent_ptes[parent].add(index)
}

/** Maps a frame in entry `index` of a page of level 1, and puts the entry on the frame's rmap. */
export function map(kvm: Kvm, page: number, index: number, gfn: number, w: boolean): void {
  const entry = kvm.page[page].spte[index]
  entry.kind = 'leaf'
  entry.pfn = gfn
  entry.gfn = gfn
  entry.w = w
  entry.mmuw = w
  kvm.rmap[gfn][page].add(index)
}
