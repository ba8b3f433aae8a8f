import { flag, oneOf, range, ref, type Sort, struct, type View } from '../language/shapes.ts'
import type { Kvm } from './kvm.ts'

/**
 * `struct kvm_mmu_page`, a shadow page (SP). In the roots part of the model every SP is a root with one
 * SPTE that maps the one data page of the guest.
 *
 * `list` is `sp->link`: a page is on exactly one list. A zapped root that some vCPU still holds is on none
 * (`pinned`, since f95eec9bed76, v5.9). A list of zapped pages belongs to the thread that zaps.
 */
export const shadowPage = (pgd: Sort, holders: number) =>
  struct({
    list: oneOf(
      'free',
      'active',
      'pinned',
      'invalid_list of vcpu',
      'invalid_list of zapper',
      'invalid_list of memslot',
    ),
    /** The guest page directory it shadows. */
    gfn: ref(pgd),
    role_invalid: flag,
    /** sp->mmu_valid_gen, one bit since v5.4. */
    mmu_valid_gen: range(0, 1),
    /** How many root slots of vCPUs hold it. */
    root_count: range(0, holders),
    /** True while its SPTE is present. */
    spte: flag,
    /** History: a request to leave this root was sent to all vCPUs and has returned. */
    told: flag,
  })

export type ShadowPage = View<ReturnType<typeof shadowPage>>

/** Names the list of zapped pages of a thread kind. */
export type InvalidList = 'invalid_list of vcpu' | 'invalid_list of zapper' | 'invalid_list of memslot'

/** `is_obsolete_sp()`: zapped, or from another generation than the current one. */
export function is_obsolete_sp(kvm: Kvm, page: number): boolean {
  const sp = kvm.page[page]
  return sp.role_invalid || sp.mmu_valid_gen !== kvm.mmu_valid_gen
}

/**
 * A root is usable from the cache when its pgd and role word match; the role word contains `invalid`, the
 * generation is not compared (`is_root_usable()`).
 */
export function is_root_usable(kvm: Kvm, root: number | null, pgd: number): boolean {
  return root !== null && kvm.page[root].gfn === pgd && !kvm.page[root].role_invalid
}

/** Adds a page at the head of `active_mmu_pages`; the tail, where zapping starts, is element 0. */
export function list_add_active(kvm: Kvm, page: number): void {
  let end = 0
  while (kvm.active_mmu_pages[end] !== null) end++
  kvm.active_mmu_pages[end] = page
  kvm.page[page].list = 'active'
}

/** Takes a page off `active_mmu_pages`; the order of the others stays. */
export function list_del_active(kvm: Kvm, page: number): void {
  const list = kvm.active_mmu_pages
  let at = 0
  while (list[at] !== page) at++
  for (; at + 1 < list.length; at++) list[at] = list[at + 1]
  list[list.length - 1] = null
}

/** The hash look-up of `kvm_mmu_find_shadow_page()`: obsolete pages stay in the bucket and are skipped. */
export function find_shadow_page(kvm: Kvm, gfn: number): number | null {
  for (let page = 0; page < kvm.page.length; page++) {
    const sp = kvm.page[page]
    if (sp.gfn === gfn && sp.list !== 'free' && !is_obsolete_sp(kvm, page)) return page
  }
  return null
}

/** The first page of the pool that is free, or null. Free pages are all alike, so the choice loses nothing. */
export function free_page_of_pool(kvm: Kvm): number | null {
  for (let page = 0; page < kvm.page.length; page++) if (kvm.page[page].list === 'free') return page
  return null
}

/** `kvm_mmu_alloc_shadow_page()`: takes a free page for `gfn`, in the current generation. */
export function alloc_shadow_page(kvm: Kvm, page: number, gfn: number): void {
  const sp = kvm.page[page]
  sp.gfn = gfn
  sp.mmu_valid_gen = kvm.mmu_valid_gen
  list_add_active(kvm, page)
}

/** `kvm_mmu_free_shadow_page()`: the page goes back to the pool and keeps nothing. */
export function free_shadow_page(kvm: Kvm, page: number): void {
  const sp = kvm.page[page]
  sp.list = 'free'
  sp.gfn = null
  sp.role_invalid = false
  sp.mmu_valid_gen = 0
  sp.root_count = 0
  sp.spte = false
  sp.told = false
}
