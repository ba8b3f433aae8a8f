import type { Kvm } from '../kvm.ts'
import { look_up_and_use_slot } from '../memslots/memslot.ts'
import { count_down } from '../primitives/asserted.ts'
import { all_pages, sp_has_gptes } from './shadow-page.ts'

/** Whether the page counts in `indirect_shadow_pages`: a page that was zapped (`role.invalid`) no longer does. */
export function is_accounted(kvm: Kvm, page: number): boolean {
  return !kvm.page[page].role_invalid && sp_has_gptes(kvm, page)
}

/** `account_shadowed()`: counts the page and, above level 1, starts to track writes to its table. */
export function account_shadowed(kvm: Kvm, page: number): void {
  const sp = kvm.page[page]
  if (sp.role_direct) return
  kvm.indirect_shadow_pages++
  if (sp.level > 1) kvm.gfn_write_track[sp.gfn as number]++
}

/** `unaccount_shadowed()` (ZAP.4). */
export function unaccount_shadowed(kvm: Kvm, page: number): void {
  const sp = kvm.page[page]
  if (sp.role_direct) return
  look_up_and_use_slot(kvm, sp.gfn as number)
  kvm.indirect_shadow_pages--
  if (sp.level > 1) stop_write_tracking(kvm, sp.gfn as number)
}

/** `__kvm_write_track_remove_gfn()`. @throws Oops when writes to the frame are not tracked. */
export function stop_write_tracking(kvm: Kvm, gfn: number): void {
  kvm.gfn_write_track[gfn] = count_down('gfn_write_track', kvm.gfn_write_track[gfn])
}

/** Marks every ancestor of an unsync page, so that a sync from any root finds it. */
export function kvm_mmu_mark_parents_unsync(kvm: Kvm, page: number): void {
  const parents = kvm.page[page].parent_ptes
  for (let parent = 0; parent < parents.length; parent++) {
    for (const index of parents[parent].elements()) {
      const children = kvm.page[parent].unsync_child_bitmap
      if (children.has(index)) continue
      children.add(index)
      count_unsync_children(kvm, parent, 1)
      kvm_mmu_mark_parents_unsync(kvm, parent)
    }
  }
}

/** Adds to `sp->unsync_children`, where it is a field. */
export function count_unsync_children(kvm: Kvm, page: number, change: number): void {
  const { unsync_children } = kvm.page[page]
  if (unsync_children.length > 0) unsync_children[0] += change
}

/** The unsync pages below a page, itself excluded, found through the marks. */
export function unsync_pages_below(kvm: Kvm, page: number): number[] {
  const found = new Set<number>()
  for (const index of kvm.page[page].unsync_child_bitmap.elements()) {
    const { child } = kvm.page[page].spte[index]
    if (child === null) continue
    if (kvm.page[child].unsync) found.add(child)
    for (const below of unsync_pages_below(kvm, child)) found.add(below)
  }
  return [...found]
}

/** Clears the marks below a page that lead to no unsync page any more. */
export function clear_unsync_marks(kvm: Kvm, page: number): void {
  for (const index of kvm.page[page].unsync_child_bitmap.elements()) {
    const { child } = kvm.page[page].spte[index]
    if (child !== null) clear_unsync_marks(kvm, child)
    if (child === null || (!kvm.page[child].unsync && kvm.page[child].unsync_child_bitmap.isEmpty())) {
      kvm.page[page].unsync_child_bitmap.delete(index)
      count_unsync_children(kvm, page, -1)
    }
  }
}

/**
 * Records (history) whether a thread that has read `indirect_shadow_pages` acts on a wrong value: 0 although a
 * page shadows a table, because it is not counted yet or its count is still in a store buffer; or non-zero
 * although none does any more.
 */
export function act_on_hint(kvm: Kvm, shadowed: boolean): void {
  if (kvm.wrong_hint.length === 0) return
  if (shadowed !== accounted_pages(kvm).length > 0) kvm.wrong_hint[0] = true
}

/** The pages that `indirect_shadow_pages` should count. */
export function accounted_pages(kvm: Kvm): number[] {
  return all_pages(kvm).filter((page) => kvm.page[page].list !== 'free' && is_accounted(kvm, page))
}
