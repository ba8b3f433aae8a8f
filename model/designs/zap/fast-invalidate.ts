import { drop, insert, move, replace } from '../../language/patch.ts'
import { synchronize_srcu } from '../../machines/primitives/srcu.ts'
import {
  freeOldPages,
  reloadAndFlush,
  resetAll,
  unmapWithoutLock,
} from '../../machines/zap/invalidate-2013.ts'
import { zapping } from '../../machines/zap/zap-all-fast.ts'
import { kvm_mmu_commit_zap_page, unlink_page } from '../../machines/zap/zap-page.ts'
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

/**
 * Seed 001, "KVM: MMU: fast invalid all shadow pages" (v3 12/15, April 2013): who removes which rmap
 * entries, when, under which lock, and when may the shadow page and the arrays of the slot be freed?
 * Variants and verdicts: shadow-mmu.md 10 and 12.2.
 */

const SEED = SLOT_DELETE.id
const bounds = boundsOf(SLOT_DELETE)

/** A thread that uses freed memory is not followed any further. */
const NOTHING_BEHIND_THE_FAULT = ['zap-all-can-finish', 'every-access-can-finish'].map((property) =>
  violatedBecause(
    SEED,
    property,
    'A consequence of no-use-after-free: the notifier that walks into the freed page does not come back, so whoever waits for it waits for ever.',
  ),
)

const NEVER_OBSOLETE_ON_THE_LIST = 'No page is obsolete and on active_mmu_pages: '
const LIST_EMPTIED = `${NEVER_OBSOLETE_ON_THE_LIST}all pages leave the list in the step that makes them obsolete.`

export const fastInvalidateDesigns: readonly Design<Kvm>[] = [
  {
    id: 'zap-everything-slowly',
    aliases: ['D0'],
    title: 'before v3.11: every shadow page is zapped in one section under mmu_lock',
    status: 'before',
    kernel: { version: '..v3.10', function: 'kvm_mmu_zap_all' },
    about:
      'No generation, no obsolete pages: each page is taken off all its rmaps and freed. Correct, and mmu_lock is held for as long as that takes.',
    scenarios: [SEED, 'zap-termination'],
    patches: zapEverything(false),
    expect: vacuous(
      `${NEVER_OBSOLETE_ON_THE_LIST}there is no generation, and a page leaves the list before it is marked.`,
      SEED,
      'obsolete-pages-are-oldest',
    ),
  },
  {
    id: 'reset-all-rmaps',
    aliases: ['D1'],
    title: 'RFC, March 2013: empty all rmaps, the hash and the list at once, free the pages later',
    status: 'rejected',
    kernel: { version: 'never merged', function: 'kvm_clear_all_gfn_page_info' },
    about:
      'All vCPUs are told to reload and waited for, TLBs are flushed, then every rmap of every slot is zeroed. No rmap can point into a freed page. But a notifier finds the rmap empty while the dirty bits are still in the old SPTEs; and zeroing takes as long as the guest is large.',
    scenarios: [SEED],
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
      ...violated(SEED, 'no-dirty-page-lost'),
      ...vacuous(LIST_EMPTIED, SEED, 'obsolete-pages-are-oldest'),
      ...vacuous(
        'Every vCPU is told to drop its roots, and waited for, before a page becomes obsolete; a new root takes mmu_lock, which is held all the while.',
        SEED,
        'no-stale-root-used',
      ),
    ],
  },
  {
    id: 'reset-all-rmaps-reload-later',
    aliases: ['B9'],
    title: 'as reset-all-rmaps, but the vCPUs are told after mmu_lock was dropped',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_clear_all_gfn_page_info' },
    about:
      'A notifier that runs in between finds empty rmaps and does not flush, while the guest still runs on the old pages.',
    scenarios: [SEED],
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
      ...violated(SEED, 'no-stale-root-used', 'no-mapping-of-a-lost-page'),
      ...violated(SEED, 'no-dirty-page-lost', 'no-flush-debt-at-unlock'),
      ...vacuous(LIST_EMPTIED, SEED, 'obsolete-pages-are-oldest'),
    ],
  },
  {
    id: 'unmap-slot-without-lock',
    aliases: ['D2'],
    title: 'v3, April 2013: a generation, and the rmaps of the slot are unmapped without mmu_lock',
    status: 'rejected',
    kernel: { version: 'never merged', function: 'kvm_mmu_invalidate_memslot_pages' },
    about:
      'With all its rules: nothing is added to an INVALID slot, handlers unmap instead of rewriting, and shadow pages and descriptors stay while somebody may walk. Old pages are reclaimed later, one by one, with full removal from rmaps.',
    scenarios: [SEED],
    patches: zap(
      replace('ZF.5', ...unmapWithoutLock(bounds), synchronize_srcu('D2.3')),
      drop('ZF.5 zap'),
      drop('ZF.5 break'),
      drop('ZF.6'),
      drop('ZF.7'),
    ),
    expect: [],
  },
  {
    id: 'skip-rmaps-of-obsolete-pages',
    aliases: ['D2-skip', 'A10'],
    title: 'prepare-zap tests is_valid_sp() first and touches no rmap for obsolete pages',
    status: 'rejected',
    kernel: { version: 'never merged', function: 'kvm_mmu_prepare_zap_page' },
    about:
      'Marcelo Tosatti’s suggestion in seed 001: the rmaps of obsolete pages "have been freed already". Not those of the slots that stay: spte[1] is on one of them, and dangles when its page is freed.',
    scenarios: [SEED],
    patches: SKIP,
    expect: [
      ...violated(SEED, 'no-freed-spte-on-rmap', 'no-use-after-free', 'no-dirty-page-lost'),
      ...NOTHING_BEHIND_THE_FAULT,
    ],
  },
  {
    id: 'skip-rmaps-of-the-dying-slot',
    aliases: ['D2-sel', 'A10-ii'],
    title: 'prepare-zap takes SPTEs off the rmaps of slots that stay, not off those of the slot that goes',
    status: 'rejected',
    kernel: { version: 'never merged', function: 'kvm_mmu_prepare_zap_page' },
    about:
      'Xiao Guangrong’s answer: not allowed either, because a notifier can reach the INVALID slot before it is destroyed, and finds a freed SPTE on its rmap.',
    scenarios: [SEED],
    patches: SELECT,
    expect: [
      ...violated(SEED, 'no-freed-spte-on-rmap', 'no-use-after-free', 'no-dirty-page-lost'),
      ...NOTHING_BEHIND_THE_FAULT,
    ],
  },
  {
    id: 'skip-the-dying-slot-everywhere',
    aliases: ['D2-selskip'],
    title: 'as skip-rmaps-of-the-dying-slot, and notifiers ignore INVALID slots',
    status: 'rejected',
    kernel: { version: 'never merged', function: '__kvm_handle_hva_range' },
    about:
      'Nobody walks into a freed page any more. But a notifier that ignores the slot lets the host free a page which a vCPU still maps, until it has changed its root; and what the guest wrote there is lost.',
    scenarios: [SEED],
    patches: [...SELECT, NOTIFIERS_SKIP_INVALID],
    expect: [
      ...violated(SEED, 'no-mapping-of-a-lost-page', 'no-dirty-page-lost'),
      violatedBecause(
        SEED,
        'no-freed-spte-on-rmap',
        'shadow-mmu.md 12.2 says "dangling but unreachable before": the rmap of the INVALID slot does point into the freed page; nobody follows the pointer (no-use-after-free holds).',
      ),
    ],
  },
  {
    id: 'free-pages-after-the-slot',
    aliases: ['D2-delay'],
    title: 'as skip-rmaps-of-the-dying-slot, but pages are kept until the slot cannot be found',
    status: 'rejected',
    kernel: { version: 'never merged', function: 'kvm_mmu_prepare_zap_page' },
    about:
      'Safe for memory: whoever walks the rmap of the INVALID slot finds pages that still exist. The pages are kept for two grace periods, the objection that led to zapped_obsolete_pages.',
    scenarios: [SEED],
    patches: [...SELECT, ...freeLate(false)],
    expect: violated(SEED, 'no-dirty-page-lost'),
  },
  {
    id: 'free-pages-after-the-slot-with-dirty',
    aliases: [],
    title: 'as free-pages-after-the-slot, and dirty bits are passed on when the pages are freed',
    status: 'rejected',
    kernel: { version: 'never merged', function: 'kvm_mmu_prepare_zap_page' },
    about:
      'Passing the bits on at the end is too late: after the second publication a notifier finds no slot, and the host takes the page while the bit is still in the SPTE.',
    scenarios: [SEED],
    patches: [...SELECT, ...freeLate(true)],
    expect: [
      violatedBecause(
        SEED,
        'no-dirty-page-lost',
        'shadow-mmu.md 12.2 says "lost unless propagated at free". It is lost then too: between the publication without the slot and the end of its grace period a notifier finds no slot, so the host drops the page without writing it back.',
      ),
    ],
  },
  {
    id: 'zap-obsolete-pages-unbroken',
    aliases: ['D2-full'],
    title: 'a generation, and every entry of every obsolete page removed in the same section',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_zap_obsolete_pages' },
    about: 'All rmap entries go under mmu_lock before a page is freed; without dropping the lock in between.',
    scenarios: [SEED, 'zap-termination'],
    patches: zap(drop('ZF.5 unlock')),
    expect: [],
  },
  {
    id: 'fast-invalidate-as-merged',
    aliases: ['D3'],
    title: 'as merged in v3.11: zapped pages wait on a list of the VM, which a shrinker may free early',
    status: 'before',
    kernel: { commit: '365c886860c4', version: 'v3.11..v6.1', function: 'kvm_zap_obsolete_pages' },
    about:
      'Generation and reload in one section, pages zapped one by one with full rmap removal, the lock dropped now and then, one flush and free at the end. zapped_obsolete_pages exists so that memory need not wait for that end.',
    scenarios: [SEED, 'zap-termination', 'slot-delete-shrinker'],
    patches: zap(
      replace('ZAP.6', unlink_page({ ...zapping, list: 'zapped_obsolete_pages' })),
      replace(
        'ZF.6',
        kvm_mmu_commit_zap_page('ZF.6', 'zapped_obsolete_pages', bounds.vcpus, (kvm) => kvm.memslot[0].req),
      ),
    ),
    expect: [],
  },
]
