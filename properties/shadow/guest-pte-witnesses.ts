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
  title: 'A vCPU is about to sync pages, and an unsync page differs from its guest table.',
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

export const syncMapsWritable: Witness<Kvm> = {
  kind: 'witness',
  id: 'sync-maps-writable-what-the-guest-allows',
  aliases: [],
  title: 'A sync is about to map a frame writable, because the guest has made its PTE writable.',
  reference: 'FNAME(sync_spte)(): make_spte() with synchronizing, 7.2.13 paging_tmpl.h 991',
  seen: (kvm, at) =>
    all(kvm.vcpu).some((v) => at.vcpu[v].endsWith('/SY.5 sync')) &&
    all(kvm.page).some((p) => {
      const { unsync, gfn, spte } = kvm.page[p]
      if (!unsync) return false
      return all(spte).some((i) => {
        const { to, w } = kvm.guest_table[gfn as number][i]
        const { kind, gfn: mapped, access_write } = spte[i]
        if (kind !== 'leaf' || to !== mapped || !w || access_write) return false
        return valid_pages_of(kvm, to as number).length === 0
      })
    }),
}

export const readMakesAPageUnsync: Witness<Kvm> = {
  kind: 'witness',
  id: 'read-makes-a-page-unsync',
  aliases: [],
  title: 'A read maps a shadowed table writable, through a PTE that is dirty already.',
  reference: 'make_spte(): mmu_try_to_unsync_pages() whenever pte_access has ACC_WRITE_MASK',
  seen: (kvm, at) => all(kvm.vcpu).some((v) => at.vcpu[v] === 'PF/UN.2' && kvm.vcpu[v].guest === 'read'),
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
  title: 'A shadow page is zapped because its guest table is written repeatedly (write flooding).',
  reference: 'detect_write_flooding(), kvm_mmu_track_write()',
  seen: (_kvm, at) => all(at.vcpu).some((v) => at.vcpu[v] === 'TRACK/TR.6 flood/TR.6 zapped'),
}

export const unsyncPageIsLinkedASecondTime: Witness<Kvm> = {
  kind: 'witness',
  id: 'unsync-page-is-linked-a-second-time',
  aliases: [],
  title: 'A page fault is about to link a shadow page that already has a parent and an unsync page below it.',
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
  title: 'A shadow page that a lock-free walk is about to read has been zapped and waits to be freed.',
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
  title: 'KVM reports an emulation failure to userspace.',
  reference: 'handle_emulation_failure(), KVM_EXIT_INTERNAL_ERROR; one retry since v6.12',
  seen: (_kvm, at) => all(at.vcpu).some((v) => at.vcpu[v] === 'WP/RX.fail'),
}

export const tableIsUnprotectedForADataWrite: Witness<Kvm> = {
  kind: 'witness',
  id: 'table-is-unprotected-for-a-data-write',
  aliases: [],
  title: 'A shadow page is freed so that the guest can retry a store that KVM could emulate.',
  reference: 'kvm_mmu_unprotect_gfn_and_retry(); __kvm_mmu_unprotect_gfn_and_retry() returns !list_empty()',
  seen: (kvm, at) =>
    all(kvm.vcpu).some(
      (v) => at.vcpu[v] === 'WP/RT/RT.1' && kvm.vcpu[v].fault.zapped && !kvm.vcpu[v].unemulatable,
    ),
}

export const zappedRootInUseIsEmulated: Witness<Kvm> = {
  kind: 'witness',
  id: 'zapped-root-in-use-is-emulated',
  aliases: [],
  title:
    'A store is about to be emulated although its gfn was unprotected, because only a root in use was zapped.',
  reference: '__kvm_mmu_prepare_zap_page(): list_del() of a root in use; v6.12 mmu.c 2602, 2783',
  seen: (kvm, at) =>
    all(kvm.vcpu).some((v) => {
      const { zapped, gpte } = kvm.vcpu[v].fault
      if (at.vcpu[v] !== 'WP/RT/RT.1' || zapped) return false
      return all(kvm.page).some((p) => kvm.page[p].list === 'pinned' && kvm.page[p].gfn === gpte[0].to)
    }),
}

export const hintMissesAPageJustBuilt: Witness<Kvm> = {
  kind: 'witness',
  id: 'hint-misses-a-page-just-built',
  aliases: [],
  title: 'A vCPU retries an instruction without unprotecting its gfn, which is already shadowed again.',
  reference: 'a false negative of indirect_shadow_pages; question seed-000',
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
  title: 'A vCPU has taken mmu_lock to unprotect a gfn, and no guest table is shadowed any more.',
  reference: 'a false positive of indirect_shadow_pages; question seed-000',
  seen: (kvm, at) =>
    kvm.indirect_shadow_pages === 0 &&
    all(kvm.vcpu).some((v) => at.vcpu[v] === 'WP/UP/UP.3' && kvm.vcpu[v].fault.sp === null),
}

export const storeWaitsInABuffer: Witness<Kvm> = {
  kind: 'witness',
  id: 'store-waits-in-a-buffer',
  aliases: [],
  title: 'A store waits in a store buffer, invisible to other CPUs.',
  reference: 'x86-TSO',
  seen: (kvm) => all(kvm.vcpu).some((v) => !is_drained(kvm, v)),
}

export const storeIsEmulatedWhileNothingIsShadowed: Witness<Kvm> = {
  kind: 'witness',
  id: 'store-is-emulated-while-nothing-is-shadowed',
  aliases: [],
  title: 'A store to a guest page table has been emulated while no guest table is shadowed.',
  reference: 'kvm_mmu_track_write(): return if indirect_shadow_pages is 0',
  seen: (kvm, at) =>
    kvm.indirect_shadow_pages === 0 && all(at.vcpu).some((v) => at.vcpu[v] === 'TRACK/TR.end'),
}

export const unsyncTablesMapEachOther: Witness<Kvm> = {
  kind: 'witness',
  id: 'unsync-tables-map-each-other',
  aliases: [],
  title: 'Two shadow pages are about to be synced together, and each maps the guest table of the other.',
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
