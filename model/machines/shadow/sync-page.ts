import { type Bounds, is_read_only } from '../../memory/bounds.ts'
import { is_logged } from '../../memory/dirty-log/dirty-log.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { slot_found } from '../../memory/memslots/memslot.ts'
import type { Spte } from '../../memory/shadow/fields.ts'
import { drop_spte, set_flush_pending } from '../../memory/shadow/rmap.ts'
import { clear_spte, valid_pages_of } from '../../memory/shadow/shadow-page.ts'

/**
 * `kvm_sync_page()`: compares every leaf SPTE of a level-1 page with the guest PTE. If that maps another frame or
 * none, the SPTE is dropped; if it lacks a permission, the SPTE loses it; if it has got one, the SPTE may get it. With
 * 'look' nothing is changed. Returns whether an SPTE was (or would be) dropped or reduced, so that a flush is needed.
 */
export function sync_page(
  kvm: Kvm,
  page: number,
  mode: 'look' | 'do',
  bounds?: Bounds,
  mayMap: MayMapWritable = isNoTable,
): boolean {
  const sp = kvm.page[page]
  let changed = false
  for (let index = 0; index < sp.spte.length; index++)
    if (sync_spte(kvm, page, index, mode, bounds, mayMap)) changed = true
  return changed
}

/** `kvm_sync_spte()`: the same for one SPTE. */
export function sync_spte(
  kvm: Kvm,
  page: number,
  index: number,
  mode: 'look' | 'do',
  bounds?: Bounds,
  mayMap: MayMapWritable = isNoTable,
): boolean {
  const sp = kvm.page[page]
  const entry = sp.spte[index]
  const gpte = kvm.guest_table[sp.gfn as number][index]
  if (entry.kind === 'mmio') return sync_mmio_spte(kvm, entry, gpte.to, mode)
  if (entry.kind !== 'leaf') return false
  if (gpte.to !== entry.gfn) {
    if (mode === 'do') drop_spte(kvm, { page, index })
    return true
  }
  if (bounds?.guest.dirtyPtes)
    return sync_access(kvm, entry, gpte.w && !sp.role_no_write, mode, bounds, mayMap)
  // An SPTE that is not writable has a PTE that is clean, or is write-protected: a sync leaves it read-only.
  if (gpte.w || !entry.mmuw) return false
  if (mode === 'do') lose_write(kvm, entry)
  return true
}

/**
 * An MMIO SPTE is dropped like others if the guest PTE maps nothing (`prefetch_invalid_gpte()`), and the flush for that is
 * needless: TLBs have no translations by it. If the PTE maps another frame it is cleared without one, and otherwise made
 * anew, with the present generation of the memslots, even if the frame has a memslot by now (6.12.117 mmu.c 4992-5003).
 */
function sync_mmio_spte(kvm: Kvm, entry: Spte, to: number | null, mode: 'look' | 'do'): boolean {
  if (mode === 'do') {
    if (to === entry.gfn) entry.gen = kvm.memslots.generation
    else clear_spte(entry)
  }
  return to === null
}

/** Whether `kvm_sync_page()` fails, because the guest table has no usable memslot. Then the page is zapped. */
export function sync_fails(kvm: Kvm, page: number): boolean {
  return slot_found(kvm, kvm.page[page].gfn as number) !== 'valid'
}

/** Whether a sync may map a frame writable: `mmu_try_to_unsync_pages()` with `synchronizing`. */
export type MayMapWritable = (kvm: Kvm, gfn: number) => boolean

/**
 * Not a frame that any shadow page shadows, unsync ones included: the guest's flush must be complete before pages may
 * go unsync (7.2.13 mmu.c 3013).
 */
const isNoTable: MayMapWritable = (kvm, gfn) => {
  if (gfn < kvm.gfn_write_track.length && kvm.gfn_write_track[gfn] > 0) return false
  return valid_pages_of(kvm, gfn).length === 0
}

/**
 * The SPTE is made anew if the PTE's access is not the recorded one (7.2.13 paging_tmpl.h 979-993). The comment there
 * says that the new permissions are a subset of the old ones; `make_spte()` sets W all the same if the guest has set it
 * in the PTE.
 */
function sync_access(
  kvm: Kvm,
  entry: Spte,
  write: boolean,
  mode: 'look' | 'do',
  bounds: Bounds,
  mayMap: MayMapWritable,
): boolean {
  if (entry.access_write === write) return false
  const reduced = !write && entry.mmuw
  if (mode === 'look') return reduced
  entry.access_write = write
  if (reduced) lose_write(kvm, entry)
  const gfn = entry.gfn as number
  if (!write || is_read_only(bounds, gfn) || !mayMap(kvm, gfn)) return reduced
  if (is_logged(kvm, gfn, bounds)) kvm.dirty_bitmap.add(gfn)
  entry.w = true
  entry.mmuw = true
  return false
}

function lose_write(kvm: Kvm, entry: Spte): void {
  entry.w = false
  entry.mmuw = false
  set_flush_pending(kvm)
}
