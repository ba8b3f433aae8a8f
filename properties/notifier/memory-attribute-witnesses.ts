import type { Witness } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { kvm_mem_is_private } from '../../model/memory/notifier/attributes.ts'
import { all } from '../primitives/guest-mode.ts'

export const privatePageIsMapped: Witness<Kvm> = {
  kind: 'witness',
  id: 'private-page-is-mapped',
  aliases: [],
  title: 'A private frame is mapped.',
  reference: '__kvm_mmu_faultin_pfn(): kvm_mmu_faultin_pfn_gmem() if fault->is_private',
  seen: (kvm) =>
    all(kvm.page).some((page) =>
      [...kvm.page[page].spte].some(
        ({ kind, gfn }) => kind === 'leaf' && gfn !== null && kvm_mem_is_private(kvm, gfn),
      ),
    ),
}

export const faultFindsAnotherAttribute: Witness<Kvm> = {
  kind: 'witness',
  id: 'fault-finds-another-attribute',
  aliases: [],
  title: 'The attribute of the frame has changed between the begin of a page fault and its snapshot.',
  reference: 'kvm_mmu_faultin_pfn(): kvm_mmu_prepare_memory_fault_exit()',
  seen: (kvm, at) =>
    all(kvm.vcpu).some((v) => {
      const { gpte, is_private } = kvm.vcpu[v].fault
      const { to } = gpte[0]
      return at.vcpu[v] === 'PF/PF.7 private' && to !== null && is_private !== kvm_mem_is_private(kvm, to)
    }),
}

export const faultIsRetriedForAnAttribute: Witness<Kvm> = {
  kind: 'witness',
  id: 'fault-is-retried-for-an-attribute',
  aliases: [],
  title: 'The attribute of the frame has changed after the page was looked up, and mmu_lock is held.',
  reference: 'is_page_fault_stale(): mmu_invalidate_retry_gfn()',
  seen: (kvm, at) =>
    all(kvm.vcpu).some((v) => {
      const { gpte, is_private, mmu_seq } = kvm.vcpu[v].fault
      const { to } = gpte[0]
      return (
        at.vcpu[v] === 'PF/PF.12 retry' &&
        to !== null &&
        mmu_seq !== kvm.mmu_invalidate.seq &&
        is_private !== kvm_mem_is_private(kvm, to)
      )
    }),
}
