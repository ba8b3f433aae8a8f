import { setUpFeatures } from '../features/index.ts'
import type { Bounds } from '../memory/bounds.ts'
import type { Kvm } from '../memory/kvm.ts'
import { rmap_add } from '../memory/shadow/rmap.ts'
import { alloc_shadow_page, sp_has_gptes } from '../memory/shadow/shadow-page.ts'
import { account_shadowed } from '../memory/shadow/write-tracking.ts'

/** An entry of a guest table: the gfn that it points to, writable unless `readOnly`; null if not present. */
export type Entry =
  | number
  | null
  | { readonly huge: number; readonly readOnly?: true }
  | { readonly to: number; readonly readOnly: true }

/** The initial state of a scenario. All vCPUs are outside the guest, and all TLBs are empty. */
export interface Start {
  /** Contents of the guest tables at gfns 0, 1, ...; none where KVM walks no guest tables. */
  readonly tables: readonly (readonly Entry[])[]
  /** Shadow pages 0, 1, ...; default: none. */
  readonly pages?: readonly PageAtStart[]
  /** The same pages from the oldest to the newest; default: in their order. */
  readonly oldestFirst?: readonly number[]
  /** Make every SPTE of those pages present whose target exists; default: the guest must fault them in. */
  readonly filled?: boolean
  /**
   * The page directory of each vCPU; default 0. A vCPU whose page directory has a shadow page has that as its root,
   * the others start without a root.
   */
  readonly cr3?: readonly number[]
  /** CR3 loads left to the guest on each vCPU, if they differ. */
  readonly cr3Loads?: readonly number[]
  /** The page directory whose root is the previous root of each vCPU. */
  readonly previous?: number
  /** Further changes to the state that the rest describes. */
  readonly begin?: (kvm: Kvm) => void
}

/** A shadow page: the gfn of its guest table, and its level. */
export interface PageAtStart {
  readonly gfn: number
  readonly level: number
}

/** Sets up the initial state. */
export function setUp(kvm: Kvm, bounds: Bounds, start: Start): void {
  setUpMemory(kvm, bounds, start)
  setUpFeatures(kvm, bounds)
  const { pages = [], oldestFirst = [...pages.keys()], filled = false } = start
  for (const page of oldestFirst) {
    const { gfn, level } = pages[page]
    alloc_shadow_page(kvm, page, gfn, level)
    if (sp_has_gptes(kvm, page)) account_shadowed(kvm, page)
  }
  if (filled) for (let page = 0; page < pages.length; page++) fill(kvm, page, pages)
  for (let v = 0; v < bounds.vcpus; v++) setUpVcpu(kvm, v, bounds, start)
  start.begin?.(kvm)
}

function setUpMemory(kvm: Kvm, bounds: Bounds, { tables }: Start): void {
  for (let g = 0; g < bounds.guest.gfns; g++) kvm.slot_of_gfn[g] = bounds.memslots.of[g] ?? null
  for (let g = 0; g < bounds.guest.gfns - bounds.guest.mmioGfns; g++) {
    kvm.host_pte[g] = g
    if (g < kvm.host_page.length) kvm.host_page[g].owner = 'the VM'
  }
  tables.forEach((entries, table) => {
    entries.forEach((entry, index) => {
      if (entry === null) return
      const gpte = kvm.guest_table[table][index]
      gpte.w = true
      if (typeof entry === 'number') {
        gpte.to = entry
        return
      }
      gpte.to = 'huge' in entry ? entry.huge : entry.to
      if ('huge' in entry) gpte.huge = true
      if (entry.readOnly === true) gpte.w = false
    })
  })
}

/** Makes the SPTEs of a page present whose targets exist. */
function fill(kvm: Kvm, page: number, pages: readonly PageAtStart[]): void {
  const { gfn, level } = pages[page]
  for (let index = 0; index < kvm.page[page].spte.length; index++) {
    const { to } = kvm.guest_table[gfn][index]
    if (to === null) continue
    if (level === 1) {
      map(kvm, page, index, to, true)
      continue
    }
    const child = pages.findIndex((sp) => sp.gfn === to && sp.level === level - 1)
    if (child >= 0) link(kvm, page, index, child)
  }
}

/** Points entry `index` of a shadow page to a child one level below. */
export function link(kvm: Kvm, parent: number, index: number, child: number): void {
  const entry = kvm.page[parent].spte[index]
  entry.kind = 'non-leaf'
  entry.child = child
  kvm.page[child].parent_ptes[parent].add(index)
}

/** Maps a gfn in entry `index` of a shadow page, and adds the SPTE to the rmap of the gfn. */
export function map(kvm: Kvm, page: number, index: number, gfn: number, w: boolean): void {
  const entry = kvm.page[page].spte[index]
  entry.kind = 'leaf'
  entry.gfn = gfn
  entry.pfn = gfn
  entry.w = w
  entry.mmuw = w
  rmap_add(kvm, gfn, { page, index })
}

function setUpVcpu(
  kvm: Kvm,
  v: number,
  bounds: Bounds,
  { pages = [], cr3, cr3Loads, previous }: Start,
): void {
  const vcpu = kvm.vcpu[v]
  vcpu.cr3 = cr3?.[v] ?? 0
  const level = bounds.shadow.rootLevels[vcpu.cr3] ?? bounds.shadow.levels
  const rootOf = (gfn: number): number | null => {
    const page = pages.findIndex((sp) => sp.gfn === gfn && sp.level === level)
    if (page < 0) return null
    kvm.page[page].root_count++
    return page
  }
  vcpu.root = rootOf(vcpu.cr3)
  if (vcpu.hw_root.length > 0) vcpu.hw_root[0] = vcpu.root
  if (previous !== undefined) vcpu.prev_roots[0] = rootOf(previous)
  if (cr3Loads !== undefined) vcpu.cr3_loads = cr3Loads[v]
}
