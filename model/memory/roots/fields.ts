import { array, flag, ref, struct } from '../../language/shapes.ts'
import { type Bounds, has_dummy_roots } from '../bounds.ts'
import { optional } from '../optional.ts'
import type { Sorts } from '../sorts.ts'

/** `struct kvm_mmu`: the roots of one context of a vCPU, and the page directories and roles they belong to. */
export const mmuMembers = (sorts: Sorts, bounds: Bounds) => ({
  /** mmu->root.hpa as a page; null: INVALID_PAGE, or a root without a shadow page. */
  root: ref(sorts.page),
  prev_roots: array(bounds.roots.prev, ref(sorts.page)),
  /** mmu->pae_root: a root without a shadow page, whose entries point to shadow pages. */
  pae_root: array(bounds.roots.pae, ref(sorts.page)),
  /** mmu->root.hpa is that of the zero page: the page directory has no usable memslot. */
  dummy_root: optional(has_dummy_roots(bounds), flag),
  /** root.pgd and prev_roots[i].pgd; with one MMU they equal the frames of the pages and are left out. */
  root_pgd: optional(bounds.nested.mmus > 1, ref(sorts.gfn)),
  prev_pgds: array(bounds.nested.mmus > 1 ? bounds.roots.prev : 0, ref(sorts.gfn)),
  /** mmu->root_role.cr0_wp is 0. */
  root_role_wp_clear: optional(bounds.guest.wpToggles > 0, flag),
  /** The gPTE size in mmu->root_role, and CR4.PAE in mmu->cpu_role (before v5.18: mmu_role.ext). */
  root_role_pae: optional(bounds.guest.paeToggles > 0, flag),
  cpu_role_pae: optional(bounds.guest.paeToggles > 0, flag),
  /** The guest paging format that the context walks (mmu->gva_to_gpa and the other callbacks). */
  walks_pae: optional(bounds.guest.paeToggles > 0, flag),
})

/** The context that `vcpu->arch.mmu` does not point at; the one it points at is in the vCPU itself. */
export const otherMmu = (sorts: Sorts, bounds: Bounds) =>
  array(bounds.nested.mmus - 1, struct(mmuMembers(sorts, bounds)))
