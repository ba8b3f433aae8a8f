import { obsoletePagesOnALocalList } from '../../kernels/zap/obsolete-pages-on-a-local-list.ts'
import { drop, insert, move, replace } from '../../language/patch.ts'
import { synchronizeSrcu } from '../../machines/primitives/srcu.ts'
import {
  freeOldPages,
  reloadAndFlush,
  resetAll,
  unmapWithoutLock,
} from '../../machines/zap/invalidate-2013.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { boundsOf } from '../../scenarios/build-scenario.ts'
import { SLOT_DELETE } from '../../scenarios/memslots/slots.ts'
import type { Design } from '../design.ts'
import { vacuous, violated, violatedBecause } from '../expectation.ts'
import {
  ANY_ROOT,
  freeLate,
  NOTIFIERS_SKIP_INVALID,
  SELECT,
  SKIP,
  zap,
  zapEverything,
} from './fast-invalidate-patches.ts'

const RMAP_OF_A_GONE_SLOT =
  'The rmap of the slot names SPTEs of pages that were freed, but nothing can find the slot any more.'

/**
 * Question seed-001, "KVM: MMU: fast invalid all shadow pages" (v3 12/15, April 2013): who removes which rmap
 * entries under which lock, and when may the shadow pages and the arrays of the slot be freed? D0 to D3 are the
 * variants in docs/kvm/history.md.
 */

const DELETE = SLOT_DELETE.id
const bounds = boundsOf(SLOT_DELETE)

/** The behaviour ends where a thread uses freed memory. */
const AFTER_THE_OOPS = ['zap-all-can-finish', 'every-access-can-finish'].map((property) =>
  violatedBecause(
    DELETE,
    property,
    'Follows from no-use-after-free: the notifier that walks into the freed page does not return, so threads that wait for it are blocked forever.',
  ),
)

const NEVER_OBSOLETE_ON_THE_LIST = 'No page is obsolete and on active_mmu_pages: '
const LIST_EMPTIED = `${NEVER_OBSOLETE_ON_THE_LIST}all pages leave the list in the same step that makes them obsolete.`

export const fastInvalidateDesigns: readonly Design<Kvm>[] = [
  {
    id: 'zap-everything-slowly',
    aliases: ['D0'],
    title: 'before v3.11: zap every shadow page in one critical section of mmu_lock',
    status: 'before',
    kernel: { version: '..v3.10', function: 'kvm_mmu_zap_all' },
    about:
      'Without a generation no page is obsolete: each page is removed from all its rmaps and freed. Safe, but mmu_lock is held throughout.',
    scenarios: [DELETE, 'zap-termination'],
    patches: zapEverything(false),
    expect: vacuous(
      `${NEVER_OBSOLETE_ON_THE_LIST}there is no generation, and a page leaves the list before it is marked.`,
      DELETE,
      'obsolete-pages-are-oldest',
    ),
  },
  {
    id: 'reset-all-rmaps',
    aliases: ['D1'],
    title: 'RFC of March 2013: reset all rmaps, the hash and the list at once, and free the pages later',
    status: 'rejected',
    kernel: { version: 'never merged', function: 'kvm_clear_all_gfn_page_info' },
    about:
      'KVM sends a reload request to all vCPUs and waits, flushes TLBs, and then zeroes every rmap of every slot. No rmap can point into a freed page. But a notifier finds an empty rmap while the dirty bits are still in the old SPTEs; and zeroing takes time proportional to guest memory.',
    scenarios: [DELETE],
    patches: [
      ANY_ROOT,
      ...zap(
        replace('ZF.2', reloadAndFlush(bounds), resetAll()),
        drop('ZF.4'),
        drop('ZF.5'),
        drop('ZF.5 zap'),
        drop('ZF.5 break'),
        drop('ZF.6'),
        insert({ after: 'ZF.7' }, freeOldPages()),
      ),
    ],
    expect: [
      ...violated(DELETE, 'no-dirty-page-lost'),
      ...vacuous(LIST_EMPTIED, DELETE, 'obsolete-pages-are-oldest'),
      ...vacuous(
        'All vCPUs have dropped their roots before any page becomes obsolete; loading a new root needs mmu_lock, which is held throughout.',
        DELETE,
        'no-stale-root-used',
      ),
      violatedBecause(
        DELETE,
        'leaf-is-on-its-rmap',
        'By design the rmaps forget SPTEs that are still present, below roots that the vCPUs were asked to drop.',
      ),
    ],
  },
  {
    id: 'reset-all-rmaps-reload-later',
    aliases: ['B9'],
    title: 'as reset-all-rmaps, but send the reload request after dropping mmu_lock',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_clear_all_gfn_page_info' },
    about:
      'A notifier that runs in between finds empty rmaps and does not flush, while the guest still runs on the old pages.',
    scenarios: [DELETE],
    patches: [
      ANY_ROOT,
      ...zap(
        replace('ZF.2', resetAll(), reloadAndFlush(bounds)),
        drop('ZF.4'),
        drop('ZF.5'),
        drop('ZF.5 zap'),
        drop('ZF.5 break'),
        drop('ZF.6'),
        move('ZF.7', { after: 'D1.4' }),
        insert({ after: 'D1.2' }, freeOldPages()),
      ),
    ],
    expect: [
      ...violated(DELETE, 'no-stale-root-used', 'no-mapping-of-a-lost-page'),
      ...violated(DELETE, 'no-dirty-page-lost', 'no-flush-debt-at-unlock'),
      ...vacuous(LIST_EMPTIED, DELETE, 'obsolete-pages-are-oldest'),
      ...violated(DELETE, 'leaf-is-on-its-rmap'),
    ],
  },
  {
    id: 'unmap-slot-without-lock',
    aliases: ['D2'],
    title: 'v3 of April 2013: add a generation, and unmap the rmaps of the slot without mmu_lock',
    status: 'rejected',
    kernel: { version: 'never merged', function: 'kvm_mmu_invalidate_memslot_pages' },
    about:
      'Safe with all its rules: nothing is added to an INVALID slot, handlers unmap instead of rewriting SPTEs, and shadow pages and descriptors are kept while a walk may use them. Old pages are reclaimed later, one by one, and removed from their rmaps.',
    scenarios: [DELETE],
    patches: zap(
      replace('ZF.5', ...unmapWithoutLock(bounds), synchronizeSrcu('D2.3')),
      drop('ZF.5 zap'),
      drop('ZF.5 break'),
      drop('ZF.6'),
      drop('ZF.7'),
    ),
    expect: [
      violatedBecause(
        DELETE,
        'rmap-holds-present-sptes',
        'By design SPTEs are cleared without mmu_lock and removed from their rmaps later; users of the rmaps expect that.',
      ),
    ],
  },
  {
    id: 'skip-rmaps-of-obsolete-pages',
    aliases: ['D2-skip', 'A10'],
    title: 'skip the rmaps of obsolete pages in kvm_mmu_prepare_zap_page()',
    status: 'rejected',
    kernel: { version: 'never merged', function: 'kvm_mmu_prepare_zap_page' },
    about:
      'Marcelo Tosatti’s suggestion in question seed-001: the rmaps of obsolete pages "have been freed already". But those of the slots that stay have not: spte[1] is on one of them, which dangles when the page is freed.',
    scenarios: [DELETE],
    patches: SKIP,
    expect: [
      ...violated(DELETE, 'no-freed-spte-on-rmap', 'no-use-after-free', 'no-dirty-page-lost'),
      ...AFTER_THE_OOPS,
      ...violated(DELETE, 'freed-page-is-unreferenced', 'rmap-holds-present-sptes'),
    ],
  },
  {
    id: 'skip-rmaps-of-the-dying-slot',
    aliases: ['D2-sel', 'A10-ii'],
    title: 'skip only the rmaps of the deleted slot in kvm_mmu_prepare_zap_page()',
    status: 'rejected',
    kernel: { version: 'never merged', function: 'kvm_mmu_prepare_zap_page' },
    about:
      'Xiao Guangrong’s answer: not allowed either, because a notifier can reach the INVALID slot before it is destroyed and finds a freed SPTE on its rmap.',
    scenarios: [DELETE],
    patches: SELECT,
    expect: [
      ...violated(DELETE, 'no-freed-spte-on-rmap', 'no-use-after-free', 'no-dirty-page-lost'),
      ...AFTER_THE_OOPS,
      ...violated(DELETE, 'freed-page-is-unreferenced', 'rmap-holds-present-sptes'),
    ],
  },
  {
    id: 'skip-the-dying-slot-everywhere',
    aliases: ['D2-selskip'],
    title: 'as skip-rmaps-of-the-dying-slot, and skip INVALID slots in notifiers',
    status: 'rejected',
    kernel: { version: 'never merged', function: '__kvm_handle_hva_range' },
    about:
      'No walk reaches a freed page any more. But a notifier that skips the slot lets the host free a page that a vCPU still maps until it has changed its root, and what the guest wrote there is lost.',
    scenarios: [DELETE],
    patches: [...SELECT, ...NOTIFIERS_SKIP_INVALID],
    expect: [
      ...violated(DELETE, 'no-mapping-of-a-lost-page', 'no-dirty-page-lost'),
      violatedBecause(
        DELETE,
        'no-freed-spte-on-rmap',
        'The rmap of the INVALID slot points into the freed page, but nothing follows the pointer: no-use-after-free holds.',
      ),
      ...violated(DELETE, 'freed-page-is-unreferenced', 'rmap-holds-present-sptes'),
    ],
  },
  {
    id: 'free-pages-after-the-slot',
    aliases: ['D2-delay'],
    title: 'as skip-rmaps-of-the-dying-slot, but keep the pages until the slot can no longer be found',
    status: 'rejected',
    kernel: { version: 'never merged', function: 'kvm_mmu_prepare_zap_page' },
    about:
      'No use after free: a walk of the rmap of the INVALID slot finds pages that still exist. But dirty bits are lost, and the pages are kept until after a grace period, the objection that led to zapped_obsolete_pages.',
    scenarios: [DELETE],
    kernels: ['7.2'],
    patches: [...SELECT, ...freeLate(false)],
    expect: [
      ...violated(DELETE, 'no-dirty-page-lost'),
      violatedBecause(DELETE, 'rmap-holds-present-sptes', RMAP_OF_A_GONE_SLOT),
    ],
  },
  {
    id: 'free-pages-after-the-slot-with-dirty',
    aliases: [],
    title: 'as free-pages-after-the-slot, and transfer dirty bits when the pages are freed',
    status: 'rejected',
    kernel: { version: 'never merged', function: 'kvm_mmu_prepare_zap_page' },
    about:
      'Transferring the bits at the end is too late: once the memslots without the slot are installed, a notifier finds no slot, and the host takes the page while the dirty bit is still in the SPTE.',
    scenarios: [DELETE],
    kernels: ['7.2'],
    patches: [...SELECT, ...freeLate(true)],
    expect: [
      violatedBecause(
        DELETE,
        'no-dirty-page-lost',
        'Transferring the dirty bit when the page is freed is not enough: between the installation of the memslots without the slot and the end of the grace period a notifier finds no slot, and the host drops the page without writeback.',
      ),
      violatedBecause(DELETE, 'rmap-holds-present-sptes', RMAP_OF_A_GONE_SLOT),
    ],
  },
  {
    id: 'zap-obsolete-pages-unbroken',
    aliases: ['D2-full'],
    title: 'zap all obsolete pages, with full rmap removal, without dropping mmu_lock',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_zap_obsolete_pages' },
    about:
      'Safe: all rmap entries are removed under mmu_lock before a page is freed. The lock is not dropped in between.',
    scenarios: [DELETE, 'zap-termination'],
    patches: zap(drop('ZF.5 unlock')),
    expect: [],
  },
  {
    id: 'fast-invalidate-as-merged',
    aliases: ['D3'],
    title: 'as merged in v3.11: put zapped pages on a list of the VM that the shrinker may free early',
    status: 'before',
    kernel: { commit: '365c886860c4', version: 'v3.11..v6.12', function: 'kvm_zap_obsolete_pages' },
    about:
      'Generation and reload in one critical section; pages are zapped one by one with full rmap removal, the lock is dropped now and then, and one flush and free comes at the end. zapped_obsolete_pages lets the shrinker free memory before that.',
    scenarios: [DELETE, 'zap-termination', 'slot-delete-shrinker'],
    kernels: ['7.2'],
    patches: obsoletePagesOnALocalList.before(bounds),
    expect: [],
  },
]
