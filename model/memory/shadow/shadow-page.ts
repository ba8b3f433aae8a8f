import { Oops } from '../../language/property.ts'
import type { SetView } from '../../language/shapes.ts'
import type { Kvm } from '../kvm.ts'
import type { Spte } from './fields.ts'

/** The numbers of all shadow pages, free ones included. */
export function all_pages(kvm: Kvm): number[] {
  return Array.from({ length: kvm.page.length }, (_, p) => p)
}

/** `is_obsolete_sp()`: zapped, or not of the current generation, which pages of the TDP MMU do not use. */
export function is_obsolete_sp(kvm: Kvm, page: number): boolean {
  const sp = kvm.page[page]
  return sp.role_invalid || (sp.mmu_valid_gen !== kvm.mmu_valid_gen && !is_tdp_mmu_page(kvm, page))
}

/**
 * Adds a page at the head of `active_mmu_pages`; the tail, where zapping starts, is element 0.
 * @throws Oops when the list leads through a page that was freed.
 */
export function list_add_active(kvm: Kvm, page: number): void {
  const list = kvm.active_mmu_pages
  let end = 0
  while (end < list.length && list[end] !== null) end++
  const head = end > 0 ? list[end - 1] : null
  // list_add() writes to the page that was the head.
  if (head !== null && kvm.page[head].list === 'free') {
    throw new Oops('no-use-after-free', `active_mmu_pages: page ${head} is used after it was freed`)
  }
  list[end] = page
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

/** The modelled bits of `sp->role` besides `level` and `invalid`. */
export interface Role {
  readonly direct: boolean
  readonly no_write: boolean
  readonly guest_mode: boolean
  readonly pae: boolean
  /** cr0_wp is 0. */
  readonly wp_clear: boolean
}

/** The role of a page that shadows a guest table, if scenarios distinguish nothing else. */
export const INDIRECT: Role = {
  direct: false,
  no_write: false,
  guest_mode: false,
  pae: false,
  wp_clear: false,
}

/** Whether `sp->role` has exactly these bits. */
export function has_role(kvm: Kvm, page: number, role: Role): boolean {
  const { role_direct, role_no_write, role_guest_mode, role_pae, role_wp_clear } = kvm.page[page]
  if (role_direct !== role.direct || role_no_write !== role.no_write) return false
  if (role_wp_clear !== role.wp_clear) return false
  return role_guest_mode === role.guest_mode && role_pae === role.pae
}

/**
 * The hash lookup of `kvm_mmu_find_shadow_page()` by frame, level and role. Obsolete pages are still hashed, and
 * skipped.
 */
export function find_shadow_page(kvm: Kvm, gfn: number, level: number, role: Role = INDIRECT): number | null {
  for (const page of all_pages(kvm)) {
    const sp = kvm.page[page]
    if (sp.gfn !== gfn || sp.level !== level || sp.list === 'free') continue
    if (!is_obsolete_sp(kvm, page) && has_role(kvm, page, role)) return page
  }
  return null
}

/** `sp_has_gptes()`: the page shadows a guest table, which direct pages and passthrough roots do not. */
export function sp_has_gptes(kvm: Kvm, page: number): boolean {
  const { gfn, role_direct } = kvm.page[page]
  if (gfn === null || role_direct) return false
  return kvm.without_gptes.length === 0 || !kvm.without_gptes[gfn]
}

/** `is_tdp_mmu_page()`. */
export function is_tdp_mmu_page(kvm: Kvm, page: number): boolean {
  const { list } = kvm.page[page]
  return list === 'tdp_mmu_roots' || list === 'tdp_mmu' || list === 'rcu'
}

/** `for_each_gfn_valid_sp_with_gptes()`: the pages that shadow a guest table frame and are not obsolete. */
export function valid_pages_of(kvm: Kvm, gfn: number): number[] {
  return all_pages(kvm).filter((page) => {
    const sp = kvm.page[page]
    return sp.gfn === gfn && sp.list !== 'free' && !is_obsolete_sp(kvm, page) && sp_has_gptes(kvm, page)
  })
}

/** The first free page, or null. Free pages are interchangeable, so the choice loses no behaviour. */
export function free_page_of_pool(kvm: Kvm): number | null {
  return all_pages(kvm).find((page) => kvm.page[page].list === 'free') ?? null
}

/** `kvm_mmu_alloc_shadow_page()`: sets up a free page for frame `gfn`, in the current generation. */
export function alloc_shadow_page(
  kvm: Kvm,
  page: number,
  gfn: number,
  level: number,
  role: Role = INDIRECT,
): void {
  const sp = kvm.page[page]
  sp.gfn = gfn
  sp.level = level
  sp.role_direct = role.direct
  sp.role_no_write = role.no_write
  sp.role_guest_mode = role.guest_mode
  sp.role_pae = role.pae
  sp.role_wp_clear = role.wp_clear
  sp.mmu_valid_gen = kvm.mmu_valid_gen
  list_add_active(kvm, page)
}

/** `kvm_mmu_free_shadow_page()`. Resets everything, so that free pages are interchangeable. */
export function free_shadow_page(kvm: Kvm, page: number): void {
  const sp = kvm.page[page]
  sp.list = 'free'
  sp.gfn = null
  sp.level = 1
  sp.role_invalid = false
  sp.role_direct = false
  sp.role_no_write = false
  sp.role_guest_mode = false
  sp.role_pae = false
  sp.role_wp_clear = false
  sp.built_pae = false
  sp.mmu_valid_gen = 0
  sp.root_count = 0
  sp.unsync = false
  sp.write_flooding_count = 0
  forget_unsync_children(kvm, page)
  for (const entry of sp.spte) clear_spte(entry)
  for (const entries of sp.parent_ptes) (entries as SetView<number>).clear()
  sp.request_sent = false
  sp.tdp_mmu_scheduled_root_to_zap = false
  sp.rcu_vcpus.clear()
  sp.rcu_threads.clear()
}

/** Clears the marks of all unsync children of a page. */
export function forget_unsync_children(kvm: Kvm, page: number): void {
  const { unsync_child_bitmap, unsync_children } = kvm.page[page]
  unsync_child_bitmap.clear()
  for (let i = 0; i < unsync_children.length; i++) unsync_children[i] = 0
}

/**
 * `kvm_mmu_page_get_gfn()`: the frame that an entry maps. Direct pages do not record it, they compute it
 * (2032a93d66fa, 2010).
 */
export function spte_gfn(kvm: Kvm, page: number, index: number): number | null {
  const { role_direct, gfn, spte } = kvm.page[page]
  if (!role_direct) return spte[index].gfn
  return spte[index].kind === 'leaf' ? (gfn as number) + index : null
}

/** Makes an SPTE non-present. */
export function clear_spte(entry: Spte): void {
  entry.kind = 'none'
  entry.child = null
  entry.pfn = null
  entry.gfn = null
  entry.w = false
  entry.mmuw = false
  entry.access_write = false
  entry.dirty = false
  entry.accessed = false
  entry.gen = 0
}
