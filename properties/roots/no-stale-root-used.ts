import { isAt, places } from '../../model/language/places.ts'
import type { Invariant } from '../../model/language/property.ts'
import type { Counters } from '../../model/language/system.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { loaded_roots } from '../../model/memory/roots/mmu.ts'
import { is_obsolete_sp } from '../../model/memory/shadow/shadow-page.ts'
import { all, in_guest } from '../primitives/guest-mode.ts'

const REQUESTS_RELOAD = places((path) => /(^|\/)ZF\.4\/request\//.test(path))

/** ZAP.9, up to the return of kvm_make_all_cpus_request(). */
const SENDS_REQUEST = places((path) => /ZAP\.9\/(ZAP\.9 test$|request\/)/.test(path))

/**
 * Real KVM needs the exception: a vCPU may be in the guest on a root that is being zapped (seen in event logs of
 * 6.12), or even enter it; the request that follows makes it leave. The exception ends with that request.
 */
export const noStaleRootUsed: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'no-stale-root-used',
  aliases: ['I-13', 'I5'],
  title:
    'A vCPU in the guest on an obsolete root has KVM_REQ_MMU_FREE_OBSOLETE_ROOTS pending, unless the thread that made the root obsolete is still sending the request.',
  when: 'always, except from marking the root (ZAP.8, ZF.2) to the end of the request that follows (ZAP.9, ZF.4)',
  reference:
    'kvm_mmu_free_obsolete_roots(), __kvm_mmu_prepare_zap_page(), kvm_mmu_zap_all_fast(); v5.18..v6.16',
  consequence:
    'The guest runs on shadow pages that are zapped without a TLB flush, and nothing makes it leave them.',
  judgedWhere: () => true,
  given: (kvm, at) => all(kvm.vcpu).some((v) => in_guest(at, v) && obsolete_roots(kvm, v).length > 0),
  holds: (kvm, at) =>
    all(kvm.vcpu).every(
      (v) =>
        !in_guest(at, v) ||
        kvm.vcpu[v].requests.has('FREE_OBSOLETE_ROOTS') ||
        obsolete_roots(kvm, v).every((root) => is_being_announced(kvm, at, root)),
    ),
}

/** The current root, or the pages that a PAE root points to, as far as they are obsolete. */
function obsolete_roots(kvm: Kvm, v: number): number[] {
  return loaded_roots(kvm, v).filter((root) => is_obsolete_sp(kvm, root))
}

/** The thread that made a root obsolete has not finished sending the request. */
function is_being_announced(kvm: Kvm, at: Counters, root: number): boolean {
  return (
    all(kvm.memslot).some(
      (m) =>
        isAt(at.memslot, m, REQUESTS_RELOAD) ||
        (kvm.memslot[m].sp === root && isAt(at.memslot, m, SENDS_REQUEST)),
    ) ||
    all(kvm.zapper).some((z) => kvm.zapper[z].sp === root && isAt(at.zapper, z, SENDS_REQUEST)) ||
    all(kvm.vcpu).some((v) => {
      const { zap_sp, fault, zapped_root } = kvm.vcpu[v]
      // Of nested tables that are zapped with a page, the request is sent after that page is zapped.
      const zaps = zap_sp === root || fault.sp === root || zapped_root
      return zaps && isAt(at.vcpu, v, SENDS_REQUEST)
    })
  )
}
