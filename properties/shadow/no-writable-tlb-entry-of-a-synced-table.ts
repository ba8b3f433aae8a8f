import type { Invariant } from '../../model/language/property.ts'
import type { Counters } from '../../model/language/system.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { is_obsolete_sp, sp_has_gptes } from '../../model/memory/shadow/shadow-page.ts'
import { all } from '../primitives/guest-mode.ts'
import { is_being_built, usable_writable_translation } from './writable.ts'

export const noWritableTlbEntryOfASyncedTable: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'no-writable-tlb-entry-of-a-synced-table',
  aliases: [],
  title: 'No vCPU can write through its TLB to a page table that is shadowed and not unsync.',
  when: 'always, except while the shadow page is being built (GET.6 to the end of the flush of GET.12)',
  reference: '6dbf79e7164e "KVM: Fix write protection race during dirty logging", v3.4',
  consequence:
    'The guest changes the table without KVM noticing, and the shadow page still counts as in sync.',
  given: (kvm, at) => synced_pages(kvm, at).length > 0,
  holds: (kvm, at) =>
    synced_pages(kvm, at).every(
      (p) => !usable_writable_translation(kvm, at, kvm.host_pte[kvm.page[p].gfn as number] as number),
    ),
}

function synced_pages(kvm: Kvm, at: Counters): number[] {
  return all(kvm.page).filter((p) => {
    const { list, unsync } = kvm.page[p]
    if (list !== 'active' || unsync || is_obsolete_sp(kvm, p) || !sp_has_gptes(kvm, p)) return false
    return !is_being_built(kvm, at, p)
  })
}
