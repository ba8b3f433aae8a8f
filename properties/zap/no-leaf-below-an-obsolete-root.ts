import type { ActionProperty } from '../../model/language/property.ts'
import type { Bounds } from '../../model/memory/bounds.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { is_obsolete_sp, is_tdp_mmu_page } from '../../model/memory/shadow/shadow-page.ts'
import { installed_leaves } from '../shadow/installed-leaves.ts'

export const noLeafBelowAnObsoleteRoot: ActionProperty<Kvm> = {
  kind: 'action',
  id: 'no-leaf-below-an-obsolete-root',
  aliases: [],
  title: 'A page fault installs no leaf SPTE in an obsolete shadow page.',
  when: 'whenever a page fault writes a leaf SPTE',
  reference: 'is_page_fault_stale(), v5.16 (a955cad84cda)',
  consequence: 'The SPTE is never zapped, or is written to a page that is about to be freed.',
  judgedWhere: ({ guest }: Bounds) => guest.gvas > 0,
  given: (before, step, after) => installed_leaves(before, step, after).length > 0,
  holds: (before, step, after) =>
    installed_leaves(before, step, after).every(({ page }) => {
      // A table of the TDP MMU is as valid as its root.
      const { root } = before.vcpu[step.self]
      return !is_obsolete_sp(before, is_tdp_mmu_page(before, page) && root !== null ? root : page)
    }),
}
