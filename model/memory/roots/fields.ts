import { array, flag, ref, struct } from '../../language/shapes.ts'
import type { Bounds } from '../bounds.ts'
import { optional } from '../optional.ts'
import type { Sorts } from '../sorts.ts'

/** `struct kvm_mmu`: the roots of one context of a vCPU, and what they are roots for (shadow-mmu.md 2.5). */
export const mmuMembers = (sorts: Sorts, bounds: Bounds) => ({
  /** mmu->root.hpa as a page; null is INVALID_PAGE, or a root that no shadow page is behind. */
  root: ref(sorts.page),
  prev_roots: array(bounds.roots.prev, ref(sorts.page)),
  /** mmu->pae_root: a root without shadow page, whose entries name pages. */
  pae_root: array(bounds.roots.pae, ref(sorts.page)),
  /** root.pgd and prev_roots[i].pgd; with one MMU they are the frames of the pages. */
  root_pgd: optional(bounds.nested.mmus > 1, ref(sorts.gfn)),
  prev_pgds: array(bounds.nested.mmus > 1 ? bounds.roots.prev : 0, ref(sorts.gfn)),
  /** The gPTE size in mmu->root_role, and CR4.PAE in mmu->cpu_role (before v5.18: mmu_role.ext). */
  root_role_pae: optional(bounds.guest.paeToggles > 0, flag),
  cpu_role_pae: optional(bounds.guest.paeToggles > 0, flag),
  /** The format that the context walks guest page tables in (mmu->gva_to_gpa and what belongs to it). */
  walks_pae: optional(bounds.guest.paeToggles > 0, flag),
})

/** The context that `vcpu->arch.mmu` does not point at; the one it points at is in the vCPU itself. */
export const otherMmu = (sorts: Sorts, bounds: Bounds) =>
  array(bounds.nested.mmus - 1, struct(mmuMembers(sorts, bounds)))
