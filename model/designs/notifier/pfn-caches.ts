import { drop, insert, move, only, replace } from '../../language/patch.ts'
import { step } from '../../language/program.ts'
import { flag } from '../../language/shapes.ts'
import { checkCache, testActive } from '../../machines/notifier/pfn-cache.ts'
import type { With } from '../../memory/added.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { changeOf } from '../../scenarios/additions.ts'
import { boundsOf } from '../../scenarios/build-scenario.ts'
import { PFN_CACHE_DEACTIVATION, PFN_CACHE_NOTIFIER } from '../../scenarios/notifier/pfn-caches.ts'
import type { Design } from '../design.ts'
import { notReached, violated } from '../expectation.ts'

/** KVM's own mappings of pages of the guest: when do they become valid, and when invalid? */

const NOTIFIER = PFN_CACHE_NOTIFIER.id
const DEACTIVATION = PFN_CACHE_DEACTIVATION.id
const REACHES = 'pfn-cache-reaches-the-page-of-its-frame'

/** Neither kvm_gpc_check() nor kvm_gpc_refresh() looks at gpc->active. */
const activeIsNotTested = [
  only('gpcuser', replace('GU.2', checkCache(false))),
  only('gpcuser', replace('GU.6', testActive('GU', false))),
]

const fields = () => ({ kvm: { gpc_needs_invalidation: flag } })

type World = With<Kvm, ReturnType<typeof fields>>

const since = 'v6.9' as const
const inRetry = { fn: 'hva_to_pfn_retry', since }
const { gfn: CACHED } = boundsOf(PFN_CACHE_NOTIFIER).pfnCache
const invalidates = (kvm: World, n: number): boolean => kvm.notifier[n].gfn === CACHED

/** As 723f68f41596: the retry test asks whether the page of the cache itself was invalidated since the lock was dropped. */
const retryForOwnRange = changeOf({
  fields,
  patches: [
    only(
      'notifier',
      replace<World>(
        'NS.2',
        step<World>(
          'NS.2 needs',
          {
            fn: 'gfn_to_pfn_cache_invalidate_start',
            since,
            shows: (kvm, n) =>
              `gpc->needs_invalidation${invalidates(kvm, n) ? ' = false' : ': another page'}`,
          },
          [
            { when: (kvm, n) => !invalidates(kvm, n) },
            {
              when: (kvm) => kvm.gpc[0].lock === 'free',
              does: (kvm) => {
                kvm.gpc_needs_invalidation = false
                kvm.gpc[0].valid = false
              },
            },
          ],
        ),
      ),
    ),
    only(
      'gpcuser',
      insert<World>(
        { after: 'GU.7' },
        step<World>(
          'GU.7 needs',
          { ...inRetry, shows: 'gpc->needs_invalidation = true' },
          {
            does: (kvm) => {
              kvm.gpc_needs_invalidation = true
            },
          },
        ),
      ),
    ),
    only(
      'gpcuser',
      insert<World>(
        { before: 'GU.9' },
        step<World>(
          'GU.8 wait',
          { ...inRetry, shows: 'gpc_wait_for_invalidations(): none of the page is in progress' },
          { when: (kvm) => [...kvm.notifier].every((_, n) => !invalidates(kvm, n)) },
        ),
      ),
    ),
    only(
      'gpcuser',
      replace<World>(
        'GU.11 count',
        step<World>(
          'GU.11 needs',
          { ...inRetry, shows: (kvm) => `gpc->needs_invalidation = ${kvm.gpc_needs_invalidation}` },
          [{ when: (kvm) => !kvm.gpc_needs_invalidation, to: 'GU.7' }, { to: 'GU.11' }],
        ),
      ),
    ),
    only('gpcuser', drop('GU.11 seq')),
  ],
})

export const pfnCacheDesigns: readonly Design<Kvm>[] = [
  {
    id: 'pfn-cache-refreshed-while-inactive',
    aliases: ['G5', 'CVE-2022-49882'],
    title: 'v5.17..v6.0: check and refresh a pfn cache whether it is active or not',
    status: 'bug',
    kernel: { commit: 'ecbcf030b456', version: 'v5.17..v6.0', function: 'kvm_gpc_refresh' },
    about:
      'CVE-2022-49882, fixed by ecbcf030b456 ("KVM: Reject attempts to consume or refresh inactive gfn_to_pfn_cache", v6.1). A refresh makes a cache valid that has left gpc_list: the notifier does not find it, and KVM accesses a page that the host has taken away.',
    scenarios: [DEACTIVATION],
    patches: activeIsNotTested,
    expect: violated(DEACTIVATION, REACHES, 'valid-pfn-cache-is-active'),
  },
  {
    id: 'pfn-cache-locks-initialized-again',
    aliases: ['CVE-2022-49884'],
    title: 'v5.17..v6.0: initialize the locks of a pfn cache whenever it is activated',
    status: 'bug',
    kernel: { commit: '52491a38b2c2', version: 'v5.17..v6.0', function: 'kvm_gpc_activate' },
    about:
      'CVE-2022-49884, fixed by 52491a38b2c2 ("KVM: Initialize gfn_to_pfn_cache locks in dedicated helper", v6.1). A user of the cache still holds a lock, if only to find that the cache is not active.',
    scenarios: [DEACTIVATION],
    patches: [
      only(
        'gpcioctl',
        insert(
          { before: 'GA.1' },
          step<Kvm>(
            'GA.0',
            {
              fn: 'kvm_gpc_activate',
              since: 'history',
              shows: 'rwlock_init(&gpc->lock), mutex_init(&gpc->refresh_lock)',
              fused: 'Both locks are free to all other threads from here on.',
            },
            {
              does: (kvm) => {
                kvm.gpc[0].lock = 'free'
                kvm.gpc[0].refresh_lock = 'free'
              },
            },
          ),
        ),
      ),
    ],
    expect: violated(DEACTIVATION, 'pfn-cache-lock-is-held-in-its-sections', REACHES),
  },
  {
    id: 'pfn-cache-invalidated-at-the-end',
    aliases: ['G6'],
    title: 'invalidate pfn caches in the range_end callback',
    status: 'rejected',
    kernel: {
      commit: 'ba5c20a60eaf',
      version: 'never merged',
      function: 'gfn_to_pfn_cache_invalidate_start',
    },
    about:
      'A branch of 2024 moves the invalidation to the end; its text says that the page may be freed before that, and adds a flag and a wait. Without these the cache maps a page of another owner until the invalidation ends.',
    scenarios: [NOTIFIER],
    patches: [only('notifier', move('NS.2', { before: 'NE.1 test' }))],
    expect: violated(NOTIFIER, REACHES),
  },
  {
    id: 'pfn-cache-retry-by-range',
    aliases: ['G7'],
    title: 'begin a refresh again only for an invalidation of its own page',
    status: 'rejected',
    kernel: { commit: '723f68f41596', version: 'never merged', function: 'hva_to_pfn_retry' },
    about:
      'KVM begins a refresh again for every invalidation in the VM, so that it never ends while there is always one: an endless stream of them is an assumption about the host, which no scenario makes. With a flag for the own page, and a wait for invalidations of it that have begun, nothing is lost and no refresh begins again for another page.',
    scenarios: [NOTIFIER],
    ...retryForOwnRange,
    expect: notReached(
      'The counts of the VM are not tested.',
      NOTIFIER,
      'pfn-cache-is-refreshed-again',
      'pfn-cache-is-refreshed-again-for-another-page',
    ),
  },
  {
    id: 'pfn-cache-retry-not-tested',
    aliases: [],
    title: 'do not test for invalidations after the page of a pfn cache was looked up',
    status: 'control',
    kernel: { version: 'never merged', function: 'mmu_notifier_retry_cache' },
    about: 'The page may be taken away between the lookup and the section that makes the cache valid.',
    scenarios: [NOTIFIER],
    patches: [only('gpcuser', drop('GU.11 count')), only('gpcuser', drop('GU.11 seq'))],
    expect: [
      ...violated(NOTIFIER, REACHES),
      ...notReached(
        'Nothing begins again.',
        NOTIFIER,
        'pfn-cache-is-refreshed-again',
        'pfn-cache-is-refreshed-again-for-another-page',
      ),
    ],
  },
  {
    id: 'pfn-cache-refreshed-for-ever',
    aliases: [],
    title: 'begin a refresh again until the page of the cache is invalidated once more',
    status: 'control',
    kernel: { version: 'never merged', function: 'hva_to_pfn_retry' },
    about:
      'The sequence count is compared the wrong way round: without another invalidation the refresh never ends.',
    scenarios: [NOTIFIER],
    patches: [
      only(
        'gpcuser',
        replace(
          'GU.11 seq',
          step<Kvm>(
            'GU.11 seq',
            { fn: 'mmu_notifier_retry_cache', since, shows: 'mmu_invalidate_seq == mmu_seq' },
            [{ when: (kvm) => kvm.mmu_invalidate.seq === kvm.gpc[0].gpcuser.mmu_seq, to: 'GU.7' }, {}],
          ),
        ),
      ),
    ],
    expect: violated(NOTIFIER, 'pfn-cache-user-can-finish', REACHES),
  },
]
