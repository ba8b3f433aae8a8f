import { type BoundsInput, mergeBounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { type Plan, scenario } from '../build-scenario.ts'
import type { Scenario } from '../scenario.ts'

/** The vCPU makes no access; KVM accesses frame 1 through a pfn cache. */
const CACHE: BoundsInput = {
  shadow: { pages: 1 },
  guest: { gfns: 2, reads: [] },
  host: { pfns: 4 },
  notifier: { threads: 1, invalidations: 2, of: [1] },
  pfnCache: { gfn: 1, uses: 2 },
}

const PROPERTIES = [
  'pfn-cache-reaches-the-page-of-its-frame',
  'pfn-cache-lock-is-held-in-its-sections',
  'pfn-cache-user-can-finish',
  'no-deadlock',
  'invalidation-ends-only-after-it-began',
]

/** Exported because designs build their steps for these bounds. */
export const PFN_CACHE_NOTIFIER: Plan = {
  id: 'pfn-cache-notifier',
  title: 'KVM accesses a page through a pfn cache while the host takes pages of the VM away',
  about:
    'The cache is invalidated when an invalidation begins, without mmu_lock. A refresh drops gpc->lock to look the page up, and then tests mn_active_invalidate_count and mmu_invalidate_seq; it begins again for an invalidation of any page of the VM.',
  bounds: mergeBounds(CACHE, { guest: { gfns: 3 }, host: { pfns: 5 }, notifier: { of: [1, 2] } }),
  start: { tables: [[1]], pages: [{ gfn: 0, level: 1 }] },
  properties: [
    ...PROPERTIES,
    'pfn-cache-is-refreshed-again',
    'pfn-cache-is-refreshed-again-for-another-page',
  ],
}

/** Exported because designs name it. */
export const PFN_CACHE_DEACTIVATION: Plan = {
  id: 'pfn-cache-deactivation',
  title:
    'KVM accesses a page through a pfn cache while userspace deactivates the cache and activates it again',
  about:
    'kvm_xen_vcpu_set_attr() and the delivery of an event. A cache that is not active is not on gpc_list, so that no notifier finds it; it must not become valid. The host takes the page away once.',
  bounds: mergeBounds(CACHE, { notifier: { invalidations: 1 }, pfnCache: { uses: 1, toggles: 1 } }),
  start: { tables: [[1]], pages: [{ gfn: 0, level: 1 }] },
  properties: [...PROPERTIES, 'valid-pfn-cache-is-active'],
}

/** KVM's own mappings of pages of the guest, which mmu notifiers invalidate. */
export const pfnCacheScenarios: readonly Scenario<Kvm>[] = [PFN_CACHE_NOTIFIER, PFN_CACHE_DEACTIVATION].map(
  scenario,
)
