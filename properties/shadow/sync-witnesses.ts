import type { Witness } from '../../model/language/property.ts'
import type { Counters } from '../../model/language/system.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'

const some_vcpu_is_at = (kvm: Kvm, at: Counters, step: string): boolean =>
  all(kvm.vcpu).some((v) => at.vcpu[v].endsWith(step))

export const syncDropsTheLockBetweenRounds: Witness<Kvm> = {
  kind: 'witness',
  id: 'sync-drops-the-lock-between-rounds',
  aliases: [],
  title:
    'A sync has dropped mmu_lock, another vCPU holds it, and a page that is still to be synced is unsync.',
  reference: 'mmu_sync_children(): cond_resched_rwlock_write()',
  seen: (kvm, at) =>
    kvm.mmu_lock === 'vcpu' &&
    some_vcpu_is_at(kvm, at, '/SY.5 relock') &&
    all(kvm.page).some((p) => kvm.page[p].unsync),
}

export const syncInAFaultIsInterrupted: Witness<Kvm> = {
  kind: 'witness',
  id: 'sync-in-a-fault-is-interrupted',
  aliases: [],
  title: 'mmu_sync_children() ends with -EINTR in a page fault.',
  reference: 'paging64_fetch(): mmu_sync_children(vcpu, sp, false), v5.16',
  seen: (kvm, at) => some_vcpu_is_at(kvm, at, '/SY.5 EINTR'),
}

export const unsyncPageIsZappedForADirectory: Witness<Kvm> = {
  kind: 'witness',
  id: 'unsync-page-is-zapped-for-a-directory',
  aliases: [],
  title: 'An unsync page is zapped because its gfn is about to be shadowed above level 1.',
  reference: 'kvm_mmu_find_shadow_page(): role.level > PG_LEVEL_4K && sp->unsync',
  seen: (kvm, at) => some_vcpu_is_at(kvm, at, '/GET.3 zapped'),
}

export const syncFailsAndZaps: Witness<Kvm> = {
  kind: 'witness',
  id: 'sync-fails-and-zaps',
  aliases: [],
  title: 'A page is zapped because its table cannot be read.',
  reference: 'kvm_sync_page(): ret < 0',
  seen: (kvm, at) => some_vcpu_is_at(kvm, at, '/SY.5 zapped'),
}
