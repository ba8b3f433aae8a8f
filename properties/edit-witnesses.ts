import type { Witness } from '../model/language/property.ts'
import type { Kvm } from '../model/memory/kvm.ts'
import { parents_of } from '../model/memory/rmap.ts'
import { all } from './guest-mode.ts'

export const unsyncPageIsSynced: Witness<Kvm> = {
  kind: 'witness',
  id: 'unsync-page-is-synced',
  aliases: [],
  title: 'A page is about to be synced whose table has changed since it went unsync.',
  reference: 'kvm_mmu_sync_roots(), kvm_sync_page()',
  seen: (kvm, at) =>
    all(kvm.vcpu).some((v) => at.vcpu[v].endsWith('/SY.5 sync')) &&
    all(kvm.page).some((p) => {
      const { unsync, gfn, spte } = kvm.page[p]
      return unsync && all(spte).some((i) => differs(kvm, gfn as number, i, spte[i].gfn))
    }),
}

function differs(kvm: Kvm, table: number, index: number, mapped: number | null): boolean {
  return mapped !== null && kvm.guest_table[table][index].to !== mapped
}

export const storeToATableIsEmulated: Witness<Kvm> = {
  kind: 'witness',
  id: 'store-to-a-table-is-emulated',
  aliases: [],
  title: 'KVM emulates a store to a guest page table.',
  reference: 'kvm_mmu_track_write()',
  seen: (_kvm, at) => all(at.vcpu).some((v) => at.vcpu[v] === 'TRACK/TR.1'),
}

export const unsyncPageIsLinkedASecondTime: Witness<Kvm> = {
  kind: 'witness',
  id: 'unsync-page-is-linked-a-second-time',
  aliases: [],
  title: 'A page that has an unsync page below it is linked into a second place.',
  reference: '65855ed8b034 "KVM: X86: Synchronize the shadow pagetable before link it", v5.16',
  seen: (kvm, at) =>
    all(kvm.vcpu).some((v) => {
      const { child } = kvm.vcpu[v].fault
      if (child === null || at.vcpu[v] !== 'PF/FETCH/GET.end') return false
      return parents_of(kvm, child).length > 0 && !kvm.page[child].unsync_children.isEmpty()
    }),
}

export const pageIsZappedUnderALocklessWalk: Witness<Kvm> = {
  kind: 'witness',
  id: 'page-is-zapped-under-a-lockless-walk',
  aliases: [],
  title: 'The page that a lock-free walk is about to read is zapped, and waits to be freed.',
  reference: 'walk_shadow_page_lockless_begin(), kvm_mmu_commit_zap_page()',
  seen: (kvm, at) =>
    all(kvm.vcpu).some((v) => {
      const { sp } = kvm.vcpu[v].fault
      return at.vcpu[v] === 'LW/LW.3' && sp !== null && kvm.page[sp].list === 'invalid_list of zapper'
    }),
}
