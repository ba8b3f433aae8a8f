import { isAt, places } from '../../model/language/places.ts'
import type { AlwaysPossible, Invariant, Witness } from '../../model/language/property.ts'
import type { Counters } from '../../model/language/system.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'

const ACCESSES = places((path) => path === 'GU.16')
const IDLE = places((path) => path === 'idle')
/** In 6.1 the page is forgotten last. */
const DEACTIVATES = places((path) => path.startsWith('GD/'))
const READ_LOCKED = places((path) => ['GU.2', 'GU.3', 'GU.16', 'GU.17'].includes(path))
const WRITE_LOCKED = places((path) => /^GU\.(6|7|8|11|12|14)( count| seq)?$/.test(path))
const RETRIES = places((path) => path === 'GU.11 count')

const accesses = (kvm: Kvm, at: Counters): boolean => kvm.gpc.length > 0 && isAt(at.gpcuser, 0, ACCESSES)

/** The page is mapped by the host, so that it belongs to the VM. */
function reaches_the_vm(kvm: Kvm): boolean {
  const { khva, pfn } = kvm.gpc[0]
  return khva && pfn !== null && kvm.host_page[pfn].owner === 'the VM'
}

export const pfnCacheReachesThePageOfItsFrame: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'pfn-cache-reaches-the-page-of-its-frame',
  aliases: [],
  title: 'KVM accesses a page through a pfn cache only while the page belongs to the VM and is mapped.',
  when: 'while a thread that has checked the cache holds gpc->lock',
  reference: 'gfn_to_pfn_cache_invalidate_start(), kvm_gpc_check(), hva_to_pfn_retry()',
  consequence: 'KVM writes into a page of another owner, or follows a null pointer.',
  given: accesses,
  holds: (kvm, at) => !accesses(kvm, at) || reaches_the_vm(kvm),
}

export const validPfnCacheIsActive: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'valid-pfn-cache-is-active',
  aliases: [],
  title: 'A pfn cache that is valid is active, on the list of its VM, and mapped.',
  when: 'while gpc->lock is not held for write and the cache is not being deactivated',
  reference: 'KVM_BUG_ON(gpc->valid, kvm) in __kvm_gpc_activate(); ecbcf030b456, v6.1',
  consequence: 'No notifier finds the cache when the host takes its page away.',
  given: (kvm) => kvm.gpc.length > 0 && kvm.gpc[0].valid,
  holds: (kvm, at) => {
    if (kvm.gpc.length === 0 || !kvm.gpc[0].valid || isAt(at.gpcioctl, 0, DEACTIVATES)) return true
    const { lock, active, listed, khva } = kvm.gpc[0]
    return lock === 'gpcuser' || lock === 'gpcioctl' || (active && listed && khva)
  },
}

export const pfnCacheLockIsHeldInItsSections: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'pfn-cache-lock-is-held-in-its-sections',
  aliases: [],
  title: 'While a thread is in a section of gpc->lock, nothing takes the lock from it.',
  when: 'always',
  reference: 'lockdep: "bad unlock balance detected"; 52491a38b2c2, v6.1',
  consequence: 'Two threads change the cache at the same time.',
  given: (kvm, at) =>
    kvm.gpc.length > 0 && (isAt(at.gpcuser, 0, READ_LOCKED) || isAt(at.gpcuser, 0, WRITE_LOCKED)),
  holds: (kvm, at) => {
    if (kvm.gpc.length === 0) return true
    if (isAt(at.gpcuser, 0, READ_LOCKED)) return kvm.gpc[0].lock === 'read'
    return !isAt(at.gpcuser, 0, WRITE_LOCKED) || kvm.gpc[0].lock === 'gpcuser'
  },
}

export const pfnCacheUserCanFinish: AlwaysPossible<Kvm> = {
  kind: 'progress',
  id: 'pfn-cache-user-can-finish',
  aliases: [],
  title: 'The user of a pfn cache can always finish: no refresh must begin again forever.',
  reference: 'the loops of kvm_xen_inject_pending_events() and hva_to_pfn_retry()',
  consequence: 'A vCPU never enters the guest again.',
  goal: (kvm, at) => kvm.gpc.length === 0 || isAt(at.gpcuser, 0, IDLE),
}

/** The refresh must begin again: an invalidation is in progress, or has ended since the snapshot. */
const retries = (kvm: Kvm, at: Counters): boolean =>
  kvm.gpc.length > 0 &&
  isAt(at.gpcuser, 0, RETRIES) &&
  (kvm.mn_active_invalidate_count > 0 || kvm.mmu_invalidate.seq !== kvm.gpc[0].gpcuser.mmu_seq)

export const pfnCacheIsRefreshedAgain: Witness<Kvm> = {
  kind: 'witness',
  id: 'pfn-cache-is-refreshed-again',
  aliases: [],
  title: 'The page that a refresh has looked up has been taken away since.',
  reference: 'mmu_notifier_retry_cache()',
  seen: (kvm, at) => {
    if (!retries(kvm, at)) return false
    const { new_pfn } = kvm.gpc[0].gpcuser
    return new_pfn !== null && kvm.host_page[new_pfn].owner !== 'the VM'
  },
}

/** v7.2 still does; 723f68f41596, which was never merged, would not. */
export const pfnCacheIsRefreshedAgainForAnotherPage: Witness<Kvm> = {
  kind: 'witness',
  id: 'pfn-cache-is-refreshed-again-for-another-page',
  aliases: [],
  title: 'A refresh begins again for an invalidation of another page.',
  reference: 'mmu_notifier_retry_cache() tests the counts of the VM, not the range',
  seen: (kvm, at) => {
    if (!retries(kvm, at)) return false
    const { new_pfn } = kvm.gpc[0].gpcuser
    return (
      kvm.mn_active_invalidate_count > 0 &&
      all(kvm.notifier).every((n) => {
        const { gfn } = kvm.notifier[n]
        return gfn !== null && kvm.host_pte[gfn] !== null && kvm.host_pte[gfn] !== new_pfn
      })
    )
  },
}
