import { Oops } from '../../language/property.ts'
import type { Kvm } from '../kvm.ts'
import { look_up_and_use_slot, use_slot_arrays } from '../memslots/memslot.ts'
import type { Spte } from './fields.ts'
import { clear_spte, spte_gfn } from './shadow-page.ts'

/** One SPTE: entry `index` of page `page`. */
export interface Sptep {
  readonly page: number
  readonly index: number
}

/** The SPTEs on a frame's rmap. */
export function rmap_entries(kvm: Kvm, gfn: number): Sptep[] {
  const found: Sptep[] = []
  const rmap = kvm.rmap[gfn]
  for (let page = 0; page < rmap.length; page++) {
    for (const index of rmap[page].elements()) found.push({ page, index })
  }
  return found
}

/**
 * KVM_RMAP_LOCKED: the rmap is being walked without mmu_lock (v6.15). The kernel's kvm_rmap_lock() makes every
 * change of the rmap wait; machines/aging/README.md says which steps do in the model.
 */
export function rmap_is_locked(kvm: Kvm, gfn: number): boolean {
  return kvm.rmap_locked.length > 0 && kvm.rmap_locked[gfn]
}

/** `rmap_add()`: adds an SPTE to the rmap of the faulting frame. */
export function rmap_add(kvm: Kvm, gfn: number, { page, index }: Sptep): void {
  use_slot_arrays(kvm, gfn)
  kvm.rmap[gfn][page].add(index)
  allocate_desc(kvm, gfn)
}

/** `rmap_remove()`: takes an SPTE off the rmap of the frame that its shadow page records for it. */
export function rmap_remove(kvm: Kvm, { page, index }: Sptep): void {
  const gfn = spte_gfn(kvm, page, index)
  if (gfn === null) return
  look_up_and_use_slot(kvm, gfn)
  kvm.rmap[gfn][page].delete(index)
}

/** Records (history) that an SPTE has lost a mapping or a permission that a TLB may still hold. */
export function set_flush_pending(kvm: Kvm): void {
  if (kvm.flush_pending.length > 0) kvm.flush_pending[0] = true
}

/** `drop_spte()`: clears a present leaf and takes it off its rmap. */
export function drop_spte(kvm: Kvm, sptep: Sptep): void {
  rmap_remove(kvm, sptep)
  transfer_dirty(kvm, sptep)
  set_flush_pending(kvm)
  clear_spte(kvm.page[sptep.page].spte[sptep.index])
}

/** Two or more SPTEs of a frame are kept in a descriptor, which is allocated with the second. */
function allocate_desc(kvm: Kvm, gfn: number): void {
  if (kvm.desc_allocated.length === 0 || kvm.rmap_desc[gfn] !== null || rmap_entries(kvm, gfn).length < 2)
    return
  const desc = [...kvm.desc_allocated].indexOf(false)
  kvm.desc_allocated[desc] = true
  kvm.rmap_desc[gfn] = desc
}

/** Frees the descriptor of a frame whose chain has become empty. */
export function free_desc(kvm: Kvm, gfn: number): void {
  const desc = kvm.rmap_desc[gfn]
  if (desc === null || rmap_entries(kvm, gfn).length > 0) return
  kvm.desc_allocated[desc] = false
  kvm.rmap_desc[gfn] = null
}

/**
 * `mmu_spte_clear_track_bits()` (..v6.12): clearing a dirty SPTE makes the host page dirty. Later kernels mark
 * the page when they map it writable.
 */
export function transfer_dirty(kvm: Kvm, { page, index }: Sptep): void {
  const { dirty, pfn } = kvm.page[page].spte[index]
  if (dirty && pfn !== null) kvm.host_page[pfn].dirty = true
}

/** Follows an rmap entry to its SPTE. @throws Oops when the page it points into was freed. */
function follow(kvm: Kvm, gfn: number, { page, index }: Sptep): Spte {
  if (kvm.page[page].list === 'free') {
    throw new Oops('no-use-after-free', `rmap of gfn ${gfn}: page ${page} is used after it was freed`)
  }
  return kvm.page[page].spte[index]
}

/**
 * `kvm_zap_rmap()`: clears every SPTE of a frame. @returns whether there was one, so that a flush is needed.
 * @throws Oops when an entry points into a page that was freed.
 */
export function kvm_zap_rmap(kvm: Kvm, gfn: number): boolean {
  const entries = rmap_entries(kvm, gfn)
  for (const sptep of entries) {
    follow(kvm, gfn, sptep)
    drop_spte(kvm, sptep)
    // drop_spte() does not find this entry if the SPTE has come to map another frame.
    kvm.rmap[gfn][sptep.page].delete(sptep.index)
  }
  return entries.length > 0
}

/** `drop_parent_pte()`: clears a non-leaf SPTE and takes it off the child's parent list. */
export function drop_parent_pte(kvm: Kvm, { page, index }: Sptep): void {
  const entry = kvm.page[page].spte[index]
  if (entry.child !== null) kvm.page[entry.child].parent_ptes[page].delete(index)
  set_flush_pending(kvm)
  clear_spte(entry)
}

/** `mmu_page_zap_pte()`: clears an SPTE of any kind. Returns whether it was present. */
export function mmu_page_zap_pte(kvm: Kvm, sptep: Sptep): boolean {
  const { kind } = kvm.page[sptep.page].spte[sptep.index]
  if (kind === 'leaf') drop_spte(kvm, sptep)
  else if (kind === 'non-leaf') drop_parent_pte(kvm, sptep)
  else if (kind === 'mmio') clear_spte(kvm.page[sptep.page].spte[sptep.index])
  return kind === 'leaf' || kind === 'non-leaf'
}

/** The non-leaf SPTEs that point to a page. */
export function parents_of(kvm: Kvm, page: number): Sptep[] {
  const found: Sptep[] = []
  const parents = kvm.page[page].parent_ptes
  for (let parent = 0; parent < parents.length; parent++) {
    for (const index of parents[parent].elements()) found.push({ page: parent, index })
  }
  return found
}

/**
 * `rmap_write_protect()`: clears W in all SPTEs of a frame; to protect a guest page table (`pt_protect`, GET.11)
 * also MMU-writable, which the dirty log leaves. Returns whether a flush is needed. With `pt_protect` that is so
 * even if only MMU-writable was set, because the dirty log may have cleared W and not flushed yet.
 */
export function rmap_write_protect(kvm: Kvm, gfn: number, ptProtect = true): boolean {
  let writable = false
  for (const sptep of rmap_entries(kvm, gfn)) {
    const entry = follow(kvm, gfn, sptep)
    if (!entry.w && !(ptProtect && entry.mmuw)) continue
    writable = true
    set_flush_pending(kvm)
    entry.w = false
    if (ptProtect) entry.mmuw = false
  }
  return writable
}
