import type { Invariant } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'

/**
 * The list on which a vCPU collects zapped pages is on the stack of the function that zaps, which commits it before
 * mmu_lock is released. The memslot thread may drop the lock between two pages.
 */
export const pageOnOneList: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'page-on-one-list',
  aliases: ['I-8'],
  title:
    'active_mmu_pages holds every active page exactly once and no other page, and none is invalid; no vCPU leaves a page on its invalid_list.',
  when: 'while mmu_lock is free',
  reference: '__kvm_mmu_prepare_zap_page(), since f95eec9bed76 (v5.9); kvm_mmu_commit_zap_page()',
  consequence:
    'The list of active pages contains freed memory, or a page is never found again, or never freed.',
  judgedWhere: () => true,
  given: (kvm) => kvm.mmu_lock === 'free',
  holds: (kvm) => {
    const listed = [...kvm.active_mmu_pages].filter((page) => page !== null)
    return all(kvm.page).every((p) => {
      const { list, role_invalid } = kvm.page[p]
      const times = listed.filter((page) => page === p).length
      if (list === 'active') return times === 1 && !role_invalid
      return times === 0 && (list !== 'invalid_list of vcpu' || kvm.mmu_lock !== 'free')
    })
  },
}
