import type { Witness } from '../model/language/property.ts'
import type { Kvm } from '../model/memory/kvm.ts'
import { all, in_guest } from './guest-mode.ts'

/** What an event log of a 6.12 kernel shows 54 times in one run: harmless, and a model must contain it. */
export const guestEntersOnARootBeingZapped: Witness<Kvm> = {
  kind: 'witness',
  id: 'guest-enters-on-a-root-being-zapped',
  aliases: [],
  title: 'A vCPU executes guest code on a root that is being zapped, no request being set yet.',
  reference: 'event logs of KVM 6.12: entries on a root inside __kvm_mmu_prepare_zap_page()',
  seen: (kvm, at) =>
    kvm.mmu_lock === 'zapper' &&
    all(kvm.vcpu).some((v) => {
      const { root, requests } = kvm.vcpu[v]
      return (
        in_guest(at, v) &&
        root !== null &&
        kvm.page[root].list === 'pinned' &&
        !requests.has('FREE_OBSOLETE_ROOTS')
      )
    }),
}

/** The stale check has something to do: the fault that it sends back to the entry path. */
export const staleFaultIsRetried: Witness<Kvm> = {
  kind: 'witness',
  id: 'stale-fault-is-retried',
  aliases: [],
  title: 'A page fault reaches is_page_fault_stale() with a root that has become obsolete since the exit.',
  reference: 'event logs of KVM 6.12: is_page_fault_stale() = 1 after each of those entries',
  seen: (kvm, at) =>
    all(kvm.vcpu).some((v) => {
      const { root } = kvm.vcpu[v]
      if (at.vcpu[v] !== 'PF/PF.12' || root === null) return false
      return kvm.page[root].role_invalid || kvm.page[root].mmu_valid_gen !== kvm.mmu_valid_gen
    }),
}
