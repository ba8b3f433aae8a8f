import type { Witness } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { is_drained } from '../../model/memory/primitives/store-buffer.ts'
import { parents_of } from '../../model/memory/shadow/rmap.ts'
import { valid_pages_of } from '../../model/memory/shadow/shadow-page.ts'
import { all } from '../primitives/guest-mode.ts'

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

export const pageIsZappedForWriteFlooding: Witness<Kvm> = {
  kind: 'witness',
  id: 'page-is-zapped-for-write-flooding',
  aliases: [],
  title: 'A page is zapped because its table was written to again and again.',
  reference: 'detect_write_flooding(), kvm_mmu_track_write()',
  seen: (_kvm, at) => all(at.vcpu).some((v) => at.vcpu[v] === 'TRACK/TR.6 flood/TR.6 zapped'),
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
      return parents_of(kvm, child).length > 0 && !kvm.page[child].unsync_child_bitmap.isEmpty()
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

export const emulationFailureIsReported: Witness<Kvm> = {
  kind: 'witness',
  id: 'emulation-failure-is-reported',
  aliases: [],
  title: 'Userspace is told that an instruction could not be emulated.',
  reference: 'handle_emulation_failure(), KVM_EXIT_INTERNAL_ERROR; one retry since v6.12',
  seen: (_kvm, at) => all(at.vcpu).some((v) => at.vcpu[v] === 'WP/RX.fail'),
}

export const hintMissesAPageJustBuilt: Witness<Kvm> = {
  kind: 'witness',
  id: 'hint-misses-a-page-just-built',
  aliases: [],
  title: 'A vCPU retries an instruction without unprotecting, while the frame is shadowed again already.',
  reference: 'seed 000: a false negative of indirect_shadow_pages',
  seen: (kvm, at) =>
    all(kvm.vcpu).some((v) => {
      const { fault } = kvm.vcpu[v]
      if (at.vcpu[v] !== 'WP/RX.3' || fault.hint || fault.zapped) return false
      return valid_pages_of(kvm, fault.gpte[0].to as number).length > 0
    }),
}

export const hintPromisesAPageJustZapped: Witness<Kvm> = {
  kind: 'witness',
  id: 'hint-promises-a-page-just-zapped',
  aliases: [],
  title: 'A vCPU takes mmu_lock to unprotect a frame, and no guest table is shadowed any more.',
  reference: 'seed 000: a false positive of indirect_shadow_pages',
  seen: (kvm, at) =>
    kvm.indirect_shadow_pages === 0 &&
    all(kvm.vcpu).some((v) => at.vcpu[v] === 'WP/UP/UP.3' && !kvm.vcpu[v].fault.zapped),
}

export const storeWaitsInABuffer: Witness<Kvm> = {
  kind: 'witness',
  id: 'store-waits-in-a-buffer',
  aliases: [],
  title: 'A CPU has stored something that the other CPUs do not see yet.',
  reference: 'x86-TSO',
  seen: (kvm) => all(kvm.vcpu).some((v) => !is_drained(kvm, v)),
}

export const storeIsEmulatedWhileNothingIsShadowed: Witness<Kvm> = {
  kind: 'witness',
  id: 'store-is-emulated-while-nothing-is-shadowed',
  aliases: [],
  title: 'A store to a guest page table has been emulated, and no table is shadowed.',
  reference: 'kvm_mmu_track_write(): return if indirect_shadow_pages is 0',
  seen: (kvm, at) =>
    kvm.indirect_shadow_pages === 0 && all(at.vcpu).some((v) => at.vcpu[v] === 'TRACK/TR.end'),
}

export const unsyncTablesMapEachOther: Witness<Kvm> = {
  kind: 'witness',
  id: 'unsync-tables-map-each-other',
  aliases: [],
  title: 'Two pages are about to be synced together, and each maps the table of the other.',
  reference: '36a2e6774bfb "KVM: MMU: fix writable sync sp mapping", v2.6.36',
  seen: (kvm, at) =>
    all(kvm.vcpu).some((v) => {
      if (!at.vcpu[v].endsWith('/SY.5 sync')) return false
      const pages = kvm.vcpu[v].fault.unsync_pages.elements()
      const maps = (p: number, q: number): boolean =>
        all(kvm.page[p].spte).some((i) => kvm.page[p].spte[i].gfn === kvm.page[q].gfn)
      return pages.some((p) => pages.some((q) => p !== q && maps(p, q) && maps(q, p)))
    }),
}
