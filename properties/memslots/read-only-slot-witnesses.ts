import type { Witness } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'

export const readOnlySlotIsMapped: Witness<Kvm> = {
  kind: 'witness',
  id: 'read-only-slot-is-mapped',
  aliases: [],
  title: 'A direct SPTE maps its page read-only, because the memslot is read-only.',
  reference: 'make_spte(): host_writable is false for KVM_MEM_READONLY',
  seen: (kvm) =>
    all(kvm.page).some((page) => [...kvm.page[page].spte].some(({ kind, mmuw }) => kind === 'leaf' && !mmuw)),
}

export const writeToAReadOnlySlotIsEmulated: Witness<Kvm> = {
  kind: 'witness',
  id: 'write-to-a-read-only-slot-is-emulated',
  aliases: [],
  title: 'A write to a read-only memslot finds no page and is emulated.',
  reference: 'kvm_handle_error_pfn(): KVM_PFN_ERR_RO_FAULT',
  seen: (kvm, at) =>
    all(kvm.vcpu).some((v) => {
      const { guest, fault } = kvm.vcpu[v]
      return at.vcpu[v] === 'PF/PF.9 error' && guest === 'write' && fault.pfn === null
    }),
}
