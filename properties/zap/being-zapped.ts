import type { Counters } from '../../model/language/system.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'

/**
 * Whether a thread that zaps the page is between ZAP.4 and ZAP.6: its counters and its unsync flag are reset
 * already, and it still counts as active. It maps nothing and is linked nowhere by then; only mmu_lock, which the
 * thread holds, keeps others from taking it for a page in sync.
 */
export function is_half_zapped(kvm: Kvm, at: Counters, page: number): boolean {
  return (
    all(kvm.vcpu).some((v) => {
      const { zap_sp, fault } = kvm.vcpu[v]
      return (zap_sp === page || fault.sp === page) && at.vcpu[v].endsWith('/ZAP.6')
    }) ||
    all(kvm.zapper).some((z) => kvm.zapper[z].sp === page && at.zapper[z] === 'ZAP.6') ||
    all(kvm.memslot).some((m) => kvm.memslot[m].sp === page && at.memslot[m].endsWith('/ZAP.6')) ||
    all(kvm.shrinker).some((s) => kvm.shrinker[s].sp === page && at.shrinker[s] === 'ZAP.6')
  )
}
