import type { Invariant } from '../../model/language/property.ts'
import type { Counters } from '../../model/language/system.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { loaded_roots } from '../../model/memory/roots/mmu.ts'
import { is_obsolete_sp } from '../../model/memory/shadow/shadow-page.ts'
import { all, in_guest } from '../primitives/guest-mode.ts'

/**
 * Real KVM needs the exception: a vCPU may enter the guest on a root that is being zapped (seen in event logs
 * of 6.12); the request that follows, or the stale check in the fault path, makes it leave. The thread that
 * makes a root obsolete holds mmu_lock from marking the root to sending the request.
 */
export const noStaleRootUsed: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'no-stale-root-used',
  aliases: ['I-13', 'I5'],
  title:
    'A vCPU in the guest on an obsolete root has KVM_REQ_MMU_FREE_OBSOLETE_ROOTS pending, unless a thread that zaps holds mmu_lock.',
  when: 'always, except while a zapper or memslot update holds mmu_lock, or a vCPU sends the request under it',
  reference:
    'kvm_mmu_free_obsolete_roots(), __kvm_mmu_prepare_zap_page(), kvm_mmu_zap_all_fast(); v5.18..v6.16',
  consequence:
    'The guest runs on shadow pages that are zapped without a TLB flush, and nothing makes it leave them.',
  given: (kvm, at) => all(kvm.vcpu).some((v) => in_guest(at, v) && on_obsolete_root(kvm, v)),
  holds: (kvm, at) =>
    kvm.mmu_lock === 'zapper' ||
    kvm.mmu_lock === 'memslot' ||
    is_sent_by_a_vcpu(kvm, at) ||
    all(kvm.vcpu).every(
      (v) => !in_guest(at, v) || !on_obsolete_root(kvm, v) || kvm.vcpu[v].requests.has('FREE_OBSOLETE_ROOTS'),
    ),
}

/** A vCPU that zaps a root is sending the request, under mmu_lock. */
function is_sent_by_a_vcpu(kvm: Kvm, at: Counters): boolean {
  return kvm.mmu_lock === 'vcpu' && all(at.vcpu).some((v) => at.vcpu[v].includes('/ZAP.9/'))
}

/** The current root, or a page that a PAE root points to, is obsolete. */
function on_obsolete_root(kvm: Kvm, v: number): boolean {
  return loaded_roots(kvm, v).some((root) => is_obsolete_sp(kvm, root))
}
