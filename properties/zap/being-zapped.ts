import { isAt, places } from '../../model/language/places.ts'
import type { Counters } from '../../model/language/system.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'

const ZAPS_PAGE = places((path) => path === 'ZAP.6' || path.endsWith('/ZAP.6'))

/**
 * Whether a thread that zaps the page is between ZAP.4 and ZAP.6: its counters and its unsync flag are reset
 * already, and it still counts as active. It maps nothing and is linked nowhere by then; only mmu_lock, which the
 * thread holds, keeps others from taking it for a page in sync.
 */
export function is_half_zapped(kvm: Kvm, at: Counters, page: number): boolean {
  return (
    all(kvm.vcpu).some((v) => {
      const { zap_sp, fault } = kvm.vcpu[v]
      return (zap_sp === page || fault.sp === page) && isAt(at.vcpu, v, ZAPS_PAGE)
    }) ||
    all(kvm.zapper).some((z) => kvm.zapper[z].sp === page && isAt(at.zapper, z, ZAPS_PAGE)) ||
    all(kvm.memslot).some((m) => kvm.memslot[m].sp === page && isAt(at.memslot, m, ZAPS_PAGE)) ||
    all(kvm.shrinker).some((s) => kvm.shrinker[s].sp === page && isAt(at.shrinker, s, ZAPS_PAGE))
  )
}
