import { drop, insert, move, only, type Patch, replace } from '../language/patch.ts'
import { step } from '../language/program.ts'
import { testCurrentRoot } from '../machines/free-obsolete-roots.ts'
import {
  drop_unless_dying,
  freeOldPages,
  reloadAndFlush,
  resetAll,
  unmapWithoutLock,
  zapChildren,
} from '../machines/invalidate-2013.ts'
import { write_unlock } from '../machines/lock.ts'
import { slotLookup } from '../machines/notifier.ts'
import { table_gfn } from '../machines/page-fault.ts'
import { synchronize_srcu } from '../machines/srcu.ts'
import { tail, zapFromTail, zapping } from '../machines/zap-all-fast.ts'
import { kvm_mmu_commit_zap_page, request_if_root_was_zapped, unlink_page } from '../machines/zap-page.ts'
import type { Kvm } from '../memory/kvm.ts'
import { slot_found } from '../memory/memslot.ts'
import { all_pages, free_shadow_page } from '../memory/shadow-page.ts'
import { boundsOf } from '../scenarios/slots.ts'
import type { Design } from './design.ts'
import { violated, violatedBecause } from './expectation.ts'

/**
 * Seed 001, "KVM: MMU: fast invalid all shadow pages" (v3 12/15, April 2013): who removes which rmap
 * entries, when, under which lock, and when may the shadow page and the arrays of the slot be freed?
 * Variants and verdicts: shadow-mmu.md 10 and 12.2.
 */

const SEED = 'slot-delete'
const TERMINATION = 'zap-termination'
const BREAKS = 'zap-all-breaks'
const bounds = boundsOf(SEED)

/** The slot's zap is replaced: only the listed names of ZF stay. */
const zap = (...patches: Patch<Kvm>[]): Patch<Kvm>[] => patches.map((patch) => only('memslot', patch))

/** Prepare-zap touches no rmap for pages of the old generation. */
const SKIP = zap(
  replace(
    'ZAP.2',
    zapChildren(() => {}),
  ),
)
/** It takes SPTEs off the rmaps of slots that stay, and leaves them on those of the slot that goes. */
const SELECT = zap(replace('ZAP.2', zapChildren(drop_unless_dying)))
const NOTIFIERS_SKIP_INVALID = only<Kvm>(
  'notifier',
  replace(
    'NS.3',
    slotLookup((kvm, gfn) => slot_found(kvm, gfn) === 'valid'),
  ),
)
/** Zapped pages are freed when the slot cannot be found any more, with or without their dirty bits. */
const freeLate = (passOnDirty: boolean): Patch<Kvm>[] =>
  zap(
    drop('ZF.6'),
    insert(
      { after: 'SL.6 wait' },
      step(
        'D2.free',
        {
          fn: 'kvm_mmu_commit_zap_page',
          since: 'proposed in 2013',
          shows: 'free the shadow pages that were kept',
          fused: 'Nobody else can reach them.',
        },
        {
          does: (kvm) => {
            for (let page = 0; page < kvm.page.length; page++) {
              if (kvm.page[page].list !== zapping.list) continue
              for (const { dirty, pfn } of kvm.page[page].spte) {
                if (passOnDirty && dirty && pfn !== null) kvm.host_page[pfn].dirty = true
              }
              free_shadow_page(kvm, page)
            }
          },
        },
      ),
    ),
  )

/** A thread that uses freed memory is not followed any further. */
const NOTHING_BEHIND_THE_FAULT = ['zap-all-can-finish', 'every-access-can-finish'].map((property) =>
  violatedBecause(
    SEED,
    property,
    'A consequence of no-use-after-free: the notifier that walks into the freed page does not come back, so whoever waits for it waits for ever.',
  ),
)

const ANY_ROOT = replace<Kvm>(
  'OB.1',
  testCurrentRoot(() => true),
)

/** What was zapped is flushed and freed before mmu_lock is dropped. */
const COMMIT_BEFORE_BREAK: Patch<Kvm>[] = [
  replace(
    'ZF.5 unlock',
    step(
      'ZF.5 unlock',
      { fn: 'kvm_mmu_zap_all', since: 'never', shows: 'need_resched()' },
      {
        when: (kvm) => kvm.memslot[0].batch && tail(kvm) !== null,
        does: (kvm) => {
          kvm.memslot[0].batch = false
        },
        to: 'ZF.5 break',
      },
    ),
  ),
  insert(
    { before: 'ZF.5 relock' },
    kvm_mmu_commit_zap_page('ZF.5 commit', zapping.list, bounds.vcpus, (kvm) => kvm.memslot[0].req),
    write_unlock('ZF.5 drop', { fn: 'kvm_mmu_zap_all', since: 'never' }),
  ),
]

/** No generation: every page is zapped, and whoever has it as a root is told so. */
const zapEverything = (lockBreak: boolean): Patch<Kvm>[] =>
  zap(
    drop('ZF.2'),
    drop('ZF.4'),
    replace(
      'ZF.5',
      zapFromTail({ ...bounds, lockBreak }, (kvm) => tail(kvm) !== null),
    ),
    replace(
      'ZAP.6',
      unlink_page(zapping, (kvm, _self, zapped) => {
        kvm.memslot[0].zapped_root = zapped
      }),
    ),
    insert(
      { after: 'ZAP.8' },
      request_if_root_was_zapped(
        bounds.vcpus,
        (kvm) => kvm.memslot[0].zapped_root,
        zapping.sp,
        (kvm) => kvm.memslot[0].req,
      ),
    ),
    ...(lockBreak ? COMMIT_BEFORE_BREAK : [drop<Kvm>('ZF.5 break')]),
  )

export const fastInvalidateDesigns: readonly Design<Kvm>[] = [
  {
    id: 'zap-everything-slowly',
    aliases: ['D0'],
    title: 'before v3.11: every shadow page is zapped in one section under mmu_lock',
    status: 'before',
    kernel: { version: '..v3.10', function: 'kvm_mmu_zap_all' },
    about:
      'No generation, no obsolete pages: each page is taken off all its rmaps and freed. Correct, and mmu_lock is held for as long as that takes.',
    scenarios: [SEED],
    patches: zapEverything(false),
    expect: [],
  },
  {
    id: 'zap-everything-with-breaks',
    aliases: ['D0-breaks'],
    title: 'as zap-everything-slowly, but mmu_lock is dropped now and then',
    status: 'rejected',
    kernel: { version: 'never merged', function: 'kvm_mmu_zap_all' },
    about:
      'The obvious way out of the long section, and why the generation is needed: vCPUs build pages as fast as they are zapped, and no page says that it is new.',
    scenarios: [TERMINATION],
    patches: zapEverything(true),
    expect: violated(TERMINATION, 'zap-all-terminates'),
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
    expect: violated(SEED, 'no-dirty-page-lost'),
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
    expect: violated(SEED, 'no-mapping-of-a-lost-page', 'no-dirty-page-lost', 'no-flush-debt-at-unlock'),
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
    aliases: ['D2-sel'],
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
    scenarios: [SEED],
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
    scenarios: [SEED, 'slot-delete-shrinker'],
    patches: zap(
      replace('ZAP.6', unlink_page({ ...zapping, list: 'zapped_obsolete_pages' })),
      replace(
        'ZF.6',
        kvm_mmu_commit_zap_page('ZF.6', 'zapped_obsolete_pages', bounds.vcpus, (kvm) => kvm.memslot[0].req),
      ),
    ),
    expect: [],
  },
  {
    id: 'new-pages-at-the-tail',
    aliases: ['B10'],
    title: 'new shadow pages are added at the tail of active_mmu_pages',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_mmu_alloc_shadow_page' },
    about:
      'The walk from the tail stops at the first page that is not obsolete, so pages that are built while mmu_lock was dropped hide the obsolete ones behind them.',
    scenarios: [BREAKS],
    patches: [
      insert(
        { after: 'GET.6' },
        step(
          'GET.6 tail',
          {
            fn: 'kvm_mmu_alloc_shadow_page',
            since: 'never',
            shows: 'list_add_tail(&sp->link, &active_mmu_pages)',
          },
          {
            does: (kvm, v) => {
              const page = kvm.vcpu[v].fault.child as number
              const others = [...kvm.active_mmu_pages].filter((other) => other !== null && other !== page)
              kvm.active_mmu_pages[0] = page
              others.forEach((other, at) => {
                kvm.active_mmu_pages[at + 1] = other
              })
            },
          },
        ),
      ),
    ],
    expect: violated(BREAKS, 'obsolete-pages-are-oldest', 'no-obsolete-page-after-the-zap'),
  },
  {
    id: 'fault-ignores-obsolete-roots',
    aliases: ['A1', 'B6'],
    title: 'before v5.16: the fault path does not test whether its root is obsolete',
    status: 'before',
    kernel: { commit: 'a955cad84cda', version: '..v5.15', function: 'is_page_fault_stale' },
    about:
      'A fault that took its exit before the zap maps its page below the old root. While a child took its role from the vCPU (until v5.19) that was wasted work; since it is copied from the parent (v6.0), the child of a zapped root is born invalid: on the list of active pages, never found, never unaccounted.',
    scenarios: [BREAKS],
    patches: [drop('PF.12')],
    expect: violated(
      BREAKS,
      'no-leaf-below-an-obsolete-root',
      'page-on-one-list',
      'no-link-to-a-dead-page',
      'no-obsolete-page-after-the-zap',
    ),
  },
  {
    id: 'zapped-pages-found-in-the-hash',
    aliases: ['B11'],
    title: 'looking up a shadow page does not skip zapped and obsolete ones',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_mmu_find_shadow_page' },
    about:
      'Zapped pages stay in the hash until they are freed. A fault that takes one of them again links a page that is about to be freed.',
    scenarios: [BREAKS],
    patches: [
      insert(
        { before: 'GET.3' },
        step(
          'GET.3 any',
          {
            fn: 'kvm_mmu_find_shadow_page',
            since: 'never',
            shows: (kvm, v) =>
              `gfn ${wantedPage(kvm, v).gfn}: page ${findAny(kvm, v) ?? 'none'}, whatever it is`,
          },
          [
            {
              when: (kvm, v) => findAny(kvm, v) !== null,
              does: (kvm, v) => {
                kvm.vcpu[v].fault.child = findAny(kvm, v)
              },
              to: 'GET.end',
            },
            {},
          ],
        ),
      ),
    ],
    expect: violated(
      BREAKS,
      'no-link-to-a-dead-page',
      'no-stale-root-used',
      'no-leaf-below-an-obsolete-root',
      'no-freed-root-in-use',
      'no-use-after-free',
      'every-access-can-finish',
    ),
  },
]

/** Frame and level of the page that a vCPU looks for: a root, or the child of the page in hand. */
function wantedPage(kvm: Kvm, v: number): { gfn: number; level: number } {
  const { cr3, fault } = kvm.vcpu[v]
  if (fault.sp === null) return { gfn: cr3, level: 2 }
  return { gfn: table_gfn(kvm, v, 1), level: 1 }
}

function findAny(kvm: Kvm, v: number): number | null {
  const { gfn, level } = wantedPage(kvm, v)
  return (
    all_pages(kvm).find((page) => {
      const sp = kvm.page[page]
      return sp.list !== 'free' && sp.gfn === gfn && sp.level === level
    }) ?? null
  )
}
