import type { Invariant } from '../../model/language/property.ts'
import type { Bounds } from '../../model/memory/bounds.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { sp_has_gptes } from '../../model/memory/shadow/shadow-page.ts'
import { all } from '../primitives/guest-mode.ts'

export const childIsOneLevelBelow: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'child-is-one-level-below',
  aliases: ['I-5'],
  title:
    'A non-leaf SPTE points to a shadow page one level below; above level 1 only huge pages have leaf SPTEs.',
  when: 'always',
  reference: 'kvm_mmu_child_role()',
  consequence: 'The shadow pages form a cycle, or hardware walks a data page as a page table.',
  judgedWhere: ({ shadow }: Bounds) => shadow.levels > 1,
  given: (kvm) =>
    all(kvm.page).some((p) => all(kvm.page[p].spte).some((i) => kvm.page[p].spte[i].kind !== 'none')),
  holds: (kvm) =>
    all(kvm.page).every((p) =>
      all(kvm.page[p].spte).every((i) => {
        const { kind, child } = kvm.page[p].spte[i]
        if (kind === 'leaf') return kvm.page[p].level === 1 || maps_huge_page(kvm, p, i)
        return kind !== 'non-leaf' || kvm.page[child as number].level === kvm.page[p].level - 1
      }),
    ),
}

/**
 * Whether the SPTE may map a huge page: by the guest's entry or, without a guest table, by KVM's choice. An unsync
 * page may lag behind its table, and only level-1 pages are unsync.
 */
function maps_huge_page(kvm: Kvm, page: number, index: number): boolean {
  const { gfn } = kvm.page[page]
  return !sp_has_gptes(kvm, page) || kvm.guest_table[gfn as number][index].huge
}
