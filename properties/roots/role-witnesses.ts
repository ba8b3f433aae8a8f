import type { Witness } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { index_at } from '../../model/memory/primitives/guest-memory.ts'
import { loaded_roots, root_has_no_page } from '../../model/memory/roots/mmu.ts'
import { parents_of } from '../../model/memory/shadow/rmap.ts'
import { is_obsolete_sp } from '../../model/memory/shadow/shadow-page.ts'
import { all, in_guest } from '../primitives/guest-mode.ts'

/** Needless work that KVM accepts: a root without a shadow page is dropped on every request. */
export const validPagesDroppedWithAPaeRoot: Witness<Kvm> = {
  kind: 'witness',
  id: 'valid-pages-dropped-with-a-pae-root',
  aliases: ['N8'],
  title: 'A vCPU is about to drop a PAE root although a page that it points to is still valid.',
  reference: 'is_obsolete_root(): roots without shadow page count as obsolete (527d5cd7eece)',
  seen: (kvm, at) =>
    all(kvm.vcpu).some(
      (v) =>
        at.vcpu[v] === 'RUN.1/FR.3' &&
        root_has_no_page(kvm, v) &&
        loaded_roots(kvm, v).some((page) => !is_obsolete_sp(kvm, page)),
    ),
}

/** The precondition of CVE-2026-64561. */
export const rootIsAlsoAChild: Witness<Kvm> = {
  kind: 'witness',
  id: 'root-is-also-a-child',
  aliases: [],
  title:
    'A page fault finds the page quota used up while the current root is also the child of a page that is not a root.',
  reference: 'CVE-2026-64561: L1 uses a table as EPTP and below a higher table',
  seen: (kvm, at) =>
    all(kvm.vcpu).some((v) => {
      const { root } = kvm.vcpu[v]
      if (at.vcpu[v] !== 'PF/PF.13/MP.2' || root === null) return false
      return parents_of(kvm, root).some(({ page }) => kvm.page[page].root_count === 0)
    }),
}

/** Why GET.1 must check the child. */
export const wrongChildIsLinked: Witness<Kvm> = {
  kind: 'witness',
  id: 'wrong-child-is-linked',
  aliases: [],
  title: 'A page fault finds a linked child page that does not match the guest entry.',
  reference: 'kvm_mmu_get_child_sp(): 0cb2af2ea66a, 81ccda30b4e8',
  seen: (kvm, at) =>
    all(kvm.vcpu).some((v) => {
      const { fault, gva } = kvm.vcpu[v]
      if (at.vcpu[v] !== 'PF/FETCH/GET.1/GET.1 test') return false
      const { level, spte } = kvm.page[fault.sp as number]
      const { child } = spte[index_at(gva, level, spte.length)]
      const { to, huge } = fault.gpte[level - 1]
      return child !== null && (kvm.page[child].gfn !== to || kvm.page[child].role_direct !== huge)
    }),
}

/** A guest entry was changed from a mapped frame to an MMIO one without KVM noticing. */
export const mappedEntryBecomesMmio: Witness<Kvm> = {
  kind: 'witness',
  id: 'mapped-entry-becomes-mmio',
  aliases: [],
  title: 'A page fault on a gfn without memslot finds a present SPTE.',
  reference: 'mmu_set_spte(): aad885e77496, v7.0',
  seen: (kvm, at) =>
    all(kvm.vcpu).some((v) => {
      const { root, fault } = kvm.vcpu[v]
      if (at.vcpu[v] !== 'PF/FETCH.1' || root === null || fault.pfn !== null) return false
      return kvm.page[root].spte[0].kind === 'leaf'
    }),
}

export const bothMmusHoldRoots: Witness<Kvm> = {
  kind: 'witness',
  id: 'both-mmus-hold-roots',
  aliases: [],
  title: 'L2 runs on a root of guest_mmu while root_mmu keeps the root of L1.',
  reference: '14c07ad89f4d "x86/kvm/mmu: introduce guest_mmu", v4.20',
  seen: (kvm, at) =>
    all(kvm.vcpu).some(
      (v) => in_guest(at, v) && kvm.vcpu[v].nested && kvm.vcpu[v].other_mmu[0].root !== null,
    ),
}

export const prefaultIsStale: Witness<Kvm> = {
  kind: 'witness',
  id: 'prefault-is-stale',
  aliases: [],
  title: 'KVM_PRE_FAULT_MEMORY reaches is_page_fault_stale() with an obsolete root.',
  reference: '20a6cff3b283, v6.15',
  seen: (kvm, at) =>
    all(kvm.vcpu).some((v) => {
      const { root, prefault } = kvm.vcpu[v]
      return prefault && at.vcpu[v] === 'PF/PF.12' && root !== null && is_obsolete_sp(kvm, root)
    }),
}

export const tableIsShadowedForBothValuesOfCr0Wp: Witness<Kvm> = {
  kind: 'witness',
  id: 'table-is-shadowed-for-both-values-of-cr0-wp',
  aliases: [],
  title: 'Two shadow pages of the same gfn and level differ only in role.cr0_wp.',
  reference: 'kvm_calc_cpu_role(): role.base.cr0_wp',
  seen: (kvm) =>
    all(kvm.page).some((p) =>
      all(kvm.page).some((q) => {
        const [one, other] = [kvm.page[p], kvm.page[q]]
        if (one.gfn === null || one.gfn !== other.gfn || one.level !== other.level) return false
        return one.role_wp_clear && !other.role_wp_clear
      }),
    ),
}

export const tableIsShadowedWithTwoAccesses: Witness<Kvm> = {
  kind: 'witness',
  id: 'table-is-shadowed-with-two-accesses',
  aliases: [],
  title: 'Two shadow pages of the same gfn and level differ only in role.access.',
  reference: 'b1bd5cba3306 (v5.13): two entries with different access point to the same table',
  seen: (kvm) =>
    all(kvm.page).some((p) =>
      all(kvm.page).some((q) => {
        const [one, other] = [kvm.page[p], kvm.page[q]]
        if (one.gfn === null || one.gfn !== other.gfn || one.level !== other.level) return false
        return one.role_direct === other.role_direct && one.role_no_write && !other.role_no_write
      }),
    ),
}
