import { OutOfBounds } from '../../language/property.ts'
import type { Kvm } from '../kvm.ts'
import { all_pages, free_page_of_pool } from '../shadow/shadow-page.ts'

/**
 * `tdp_mmu_alloc_sp()` and `tdp_mmu_init_sp()`: a direct page with no entries, from the caches of the vCPU.
 * @param list 'tdp_mmu_roots' for a root, which is then on that list.
 * @throws OutOfBounds if all pages of the scenario are in use.
 */
export function tdp_mmu_alloc_sp(
  kvm: Kvm,
  gfn: number,
  level: number,
  list: 'tdp_mmu_roots' | 'tdp_mmu',
): number {
  const page = free_page_of_pool(kvm)
  if (page === null)
    throw new OutOfBounds('shadow.pages', `all ${kvm.page.length} pages of the scenario are in use`)
  const sp = kvm.page[page]
  sp.list = list
  sp.gfn = gfn
  sp.level = level
  sp.role_direct = true
  return page
}

/** `kvm_tdp_mmu_get_root()`: refcount_inc_not_zero(). */
export function kvm_tdp_mmu_get_root(kvm: Kvm, root: number): boolean {
  if (kvm.page[root].root_count === 0) return false
  kvm.page[root].root_count++
  return true
}

/** The root on tdp_mmu_roots that a new vCPU may use: no role with `invalid` is ever looked up. */
export function valid_root(kvm: Kvm): number | null {
  return all_pages(kvm).find((p) => kvm.page[p].list === 'tdp_mmu_roots' && !kvm.page[p].role_invalid) ?? null
}

/**
 * The root of tdp_mmu_roots after `prev` of which a reference can be got; null at the end. Walks go by page number: the
 * kernel adds a new root at the head, where a walk that has begun does not see it; here it may.
 */
export function next_root(kvm: Kvm, prev: number | null, valid_only = false): number | null {
  for (let p = prev === null ? 0 : prev + 1; p < kvm.page.length; p++) {
    const { list, root_count, role_invalid } = kvm.page[p]
    if (list === 'tdp_mmu_roots' && root_count > 0 && !(valid_only && role_invalid)) return p
  }
  return null
}
