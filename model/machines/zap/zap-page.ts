import { type Block, block, type Entry, inFunction, type Step, step, when } from '../../language/program.ts'
import { Oops } from '../../language/property.ts'
import type { ReadIn } from '../../language/versions.ts'
import { type Bounds, watched } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { InvalidList } from '../../memory/shadow/fields.ts'
import { drop_parent_pte, mmu_page_zap_pte, parents_of } from '../../memory/shadow/rmap.ts'
import {
  forget_unsync_children,
  free_shadow_page,
  is_obsolete_sp,
  list_del_active,
} from '../../memory/shadow/shadow-page.ts'
import { is_accounted, unaccount_shadowed, unsync_pages_below } from '../../memory/shadow/write-tracking.ts'
import { type Locals, makeAllCpusRequest } from '../primitives/make-request.ts'
import { whileNoneIsWalked } from '../primitives/rmap-lock.ts'
import { freeDescs } from './free-descs.ts'
import { unlinkNestedChildren } from './zap-nested-children.ts'
import type { ZapLocals, Zapping } from './zapping.ts'

const fn = '__kvm_mmu_prepare_zap_page'
const since: ReadIn = 'v5.18..v7.2'

/** ZAP.1 to ZAP.9: `__kvm_mmu_prepare_zap_page()`, including the request if the page was a root in use. */
export function prepareZapPage(zapping: Zapping, bounds: Bounds, { req, thread }: ZapLocals): Entry<Kvm>[] {
  return [
    ...zapContents(zapping, bounds),
    unlinkPage(zapping, (kvm, self, zapped) => {
      thread(kvm, self).zapped_root = zapped
    }),
    markInvalid(zapping),
    requestIfRootWasZapped(bounds.vcpus, (kvm, self) => thread(kvm, self).zapped_root, zapping.sp, req),
  ]
}

/** ZAP.1 to ZAP.5: unsync children, SPTEs, parents and counters of the page; its list and flags come afterwards. */
export function zapContents(zapping: Zapping, bounds: Bounds): Entry<Kvm>[] {
  const { sp } = zapping
  return inFunction(
    fn,
    ...when(bounds.shadow.levels > 1 && watched(bounds), zapUnsyncChildren(zapping)),
    bounds.nested.guestMode ? unlinkNestedChildren(zapping) : unlinkChildren(zapping, bounds),
    ...when(bounds.shadow.descs > 0, freeDescs('ZAP.2 desc')),
    ...when(
      bounds.shadow.levels > 1,
      step<Kvm>(
        'ZAP.3',
        {
          fn: 'kvm_mmu_unlink_parents',
          since,
          c: 'drop_parent_pte(',
          shows: (kvm, self) => `clear the SPTEs that point to page ${sp(kvm, self)}`,
          fused: 'All parents of the page at once, for the same reason as ZAP.2.',
        },
        { does: (kvm, self) => kvm_mmu_unlink_parents(kvm, sp(kvm, self)) },
      ),
    ),
    ...when(watched(bounds), unaccount(zapping)),
  )
}

/** ZAP.2: `kvm_mmu_page_unlink_children()`. */
function unlinkChildren({ sp }: Zapping, bounds: Bounds): Step<Kvm> {
  return step(
    'ZAP.2',
    {
      fn: 'kvm_mmu_page_unlink_children',
      since,
      c: 'mmu_page_zap_pte(',
      shows: (kvm, self) => `clear the SPTEs of page ${sp(kvm, self)}`,
      fused:
        'All SPTEs of the page at once: each only goes away, and a thread that relies on that waits for the flush after the last. Without guest writes to tables no thread reads the counters without the lock.',
    },
    {
      ...whileNoneIsWalked((kvm, self) => [sp(kvm, self)]),
      does: (kvm, self) => {
        const page = sp(kvm, self)
        kvm_mmu_page_unlink_children(kvm, page)
        if (!watched(bounds) && is_accounted(kvm, page)) unaccount_shadowed(kvm, page)
      },
    },
  )
}

/** Drops all SPTEs of a page, each from its rmap or parent list. */
function kvm_mmu_page_unlink_children(kvm: Kvm, page: number): void {
  for (let index = 0; index < kvm.page[page].spte.length; index++) mmu_page_zap_pte(kvm, { page, index })
}

function kvm_mmu_unlink_parents(kvm: Kvm, page: number): void {
  for (const parent of parents_of(kvm, page)) drop_parent_pte(kvm, parent)
}

/**
 * ZAP.1: unsync pages below could not be found any more, so they are zapped with their ancestor. No request is needed
 * for them: only pages of level 1 go unsync, and no root has that level (7.2 mmu.c 2480, 3047 and 4143 to 4230).
 */
function zapUnsyncChildren({ sp, list }: Zapping): Entry<Kvm> {
  return step(
    'ZAP.1',
    {
      fn: 'mmu_zap_unsync_children',
      since,
      c: 'kvm_mmu_prepare_zap_page(',
      shows: (kvm, self) =>
        `zap unsync pages below: ${unsync_pages_below(kvm, sp(kvm, self)).join(', ') || 'none'}`,
      fused:
        'Whole pages at once: level-1 pages, which have no children; each SPTE only goes away before the flush.',
    },
    {
      ...whileNoneIsWalked((kvm, self) => unsync_pages_below(kvm, sp(kvm, self))),
      does: (kvm, self) => {
        for (const page of unsync_pages_below(kvm, sp(kvm, self))) {
          kvm_mmu_page_unlink_children(kvm, page)
          kvm_mmu_unlink_parents(kvm, page)
          unaccount_shadowed(kvm, page)
          kvm.page[page].unsync = false
          list_del_active(kvm, page)
          kvm.page[page].list = kvm.page[page].root_count > 0 ? 'pinned' : list
          kvm.page[page].role_invalid = true
        }
      },
    },
  )
}

/** ZAP.4 and ZAP.5: the counters, which emulated writes and unprotecting read without the lock. */
function unaccount({ sp }: Zapping): Entry<Kvm> {
  return step(
    'ZAP.4',
    {
      fn: 'unaccount_shadowed',
      since,
      c: 'kvm->arch.indirect_shadow_pages--',
      shows: (kvm, self) => `indirect_shadow_pages--, page ${sp(kvm, self)}: unsync = 0`,
      fused: 'The unsync flag of a page without parents is not read any more.',
    },
    {
      does: (kvm, self) => {
        const page = sp(kvm, self)
        if (is_accounted(kvm, page)) unaccount_shadowed(kvm, page)
        kvm.page[page].unsync = false
        forget_unsync_children(kvm, page)
      },
    },
  )
}

/** Moves the page off the active list (ZAP.6): to the list of zapped pages, or to none while it is pinned. */
export function unlinkPage(
  { sp, list }: Zapping,
  remember?: (kvm: Kvm, self: number, zapped: boolean) => void,
): Entry<Kvm> {
  return step(
    'ZAP.6',
    {
      fn,
      since,
      c: ['list_move(', 'list_del('],
      shows: (kvm, self) => {
        const page = sp(kvm, self)
        return kvm.page[page].root_count === 0
          ? `page ${page}: list_move(&sp->link, invalid_list)`
          : `page ${page}: root_count = ${kvm.page[page].root_count}, list_del(&sp->link)`
      },
    },
    {
      does: (kvm, self) => {
        const page = sp(kvm, self)
        const { list: at, role_invalid } = kvm.page[page]
        if (at !== 'active' && at !== 'pinned') {
          throw new Oops('no-use-after-free', `page ${page} is zapped twice: it is on another list, ${at}`)
        }
        // __kvm_mmu_prepare_zap_page() presumes that an invalid page is not on the active list.
        if (at === 'active' && !role_invalid) list_del_active(kvm, page)
        const pinned = kvm.page[page].root_count > 0
        kvm.page[page].list = pinned ? 'pinned' : list
        remember?.(kvm, self, pinned && !is_obsolete_sp(kvm, page))
      },
    },
  )
}

/** Sets role.invalid (ZAP.8), which lockless tests of roots read. */
export function markInvalid({ sp }: Zapping): Entry<Kvm> {
  return step(
    'ZAP.8',
    {
      fn,
      since,
      c: 'sp->role.invalid = 1',
      shows: (kvm, self) => `page ${sp(kvm, self)}: sp->role.invalid = 1`,
    },
    {
      does: (kvm, self) => {
        kvm.page[sp(kvm, self)].role_invalid = true
      },
    },
  )
}

/** Sends all vCPUs the request to drop obsolete roots (ZAP.9), if the zapped page was a root in use. */
export function requestIfRootWasZapped(
  vcpus: number,
  zapped: (kvm: Kvm, self: number) => boolean,
  sp: Zapping['sp'],
  locals: Locals,
): Block<Kvm> {
  return block(
    'ZAP.9',
    [
      step(
        'ZAP.9 test',
        {
          fn,
          since,
          c: 'if (zapped_root)',
          shows: (kvm, self) => `zapped_root = ${zapped(kvm, self)}`,
          quiet: true,
        },
        [{ when: (kvm, self) => !zapped(kvm, self), to: 'ZAP.9 end' }, {}],
      ),
      makeAllCpusRequest('request', 'FREE_OBSOLETE_ROOTS', vcpus, locals),
      step(
        'ZAP.9 told',
        {
          fn,
          since,
          c: { none: 'model' },
          shows: 'the request was sent to all vCPUs',
          quiet: true,
          fused: 'History for a property; the kernel does nothing here.',
        },
        {
          does: (kvm, self) => {
            kvm.page[sp(kvm, self)].request_sent = true
          },
        },
      ),
      step('ZAP.9 end', { fn, since, c: 'return list_unstable', shows: 'return list_unstable', quiet: true }),
    ],
    { fn },
  )
}

/**
 * `kvm_mmu_commit_zap_page()`: unless the list is empty, flush all TLBs, wait until every vCPU has left guest mode,
 * and free the pages.
 */
export function commitZapPage(name: string, list: InvalidList, vcpus: number, locals: Locals): Block<Kvm> {
  const commit = { fn: 'kvm_mmu_commit_zap_page', since }
  const zapped = (kvm: Kvm): number[] =>
    Array.from({ length: kvm.page.length }, (_, p) => p).filter((p) => kvm.page[p].list === list)
  return block(
    name,
    [
      step(
        'CM.1',
        {
          ...commit,
          c: 'list_empty(invalid_list)',
          shows: (kvm) => `list_empty(invalid_list) = ${zapped(kvm).length === 0}`,
        },
        [{ when: (kvm) => zapped(kvm).length === 0, to: 'CM.end' }, {}],
      ),
      makeAllCpusRequest('CM.2', 'TLB_FLUSH', vcpus, locals),
      step(
        'CM.3',
        {
          ...commit,
          c: 'kvm_mmu_free_shadow_page(',
          shows: (kvm) => `kvm_mmu_free_shadow_page(page ${zapped(kvm).join(', ')})`,
          fused:
            'All pages of the list at once: mmu_lock is held and no thread may reach them any more; a root slot that still does is a violation in the state afterwards.',
        },
        {
          does: (kvm) => {
            for (const page of zapped(kvm)) free_shadow_page(kvm, page)
          },
        },
      ),
      step('CM.end', { ...commit, c: { none: 'model' }, shows: 'return', quiet: true }),
    ],
    { fn: commit.fn },
  )
}
