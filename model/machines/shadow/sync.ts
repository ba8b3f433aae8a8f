import {
  type Block,
  block,
  choice,
  type Entry,
  inFunction,
  outOfOrder,
  step,
  when,
} from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import { type Bounds, tables_change_slots } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { index_at } from '../../memory/primitives/guest-memory.ts'
import { current_root_name, loaded_root_name, roots_of } from '../../memory/roots/mmu.ts'
import { mmu_page_zap_pte, rmap_write_protect } from '../../memory/shadow/rmap.ts'
import { clear_unsync_marks, unsync_pages_below } from '../../memory/shadow/write-tracking.ts'
import { finish_instruction } from '../../memory/vcpu/instruction.ts'
import { all_tlbs_empty, flush_tlb_gva } from '../../memory/vcpu/tlb.ts'
import { afterRoots, END_OF_FAULT, REENTER } from '../hand-over.ts'
import { release_mmu_lock, writeLock, writeUnlock } from '../primitives/lock.ts'
import { makeAllCpusRequest } from '../primitives/make-request.ts'
import { commitZapPage } from '../zap/zap-page.ts'
import { sync_fails, sync_page, sync_spte } from './sync-page.ts'
import { INVALID_LIST, some_page_is_zapped, zapUnsyncPage } from './zap-unsync-page.ts'

/** The block that handles an intercepted INVLPG. */
export const INVLPG = 'INVLPG'

const since: ReadIn = 'v5.16..v7.2'
const about = { fn: 'mmu_sync_children', since }

type PageOf = (kvm: Kvm, v: number) => number

/** `mmu_unsync_walk()`: the unsync pages at and below a page. */
function mmu_unsync_walk(kvm: Kvm, page: number): number[] {
  return [...when(kvm.page[page].unsync, page), ...unsync_pages_below(kvm, page)]
}

/** Whether mmu_sync_children() may drop mmu_lock between two rounds; otherwise it ends with -EINTR. */
export type CanYield = 'can yield' | 'cannot yield'

/**
 * SY.3 to SY.5, with mmu_lock held: write-protect the tables of unsync pages and flush, then sync the pages. Without
 * `shadow.syncBatch` all pages are synced in one round.
 */
export function syncChildren(bounds: Bounds, page: PageOf, canYield: CanYield): Entry<Kvm>[] {
  const { syncBatch } = bounds.shadow
  const rounds = syncBatch > 0
  const fails = tables_change_slots(bounds)
  const batch = (kvm: Kvm, v: number): number[] => {
    const found = mmu_unsync_walk(kvm, page(kvm, v))
    return rounds ? found.slice(0, syncBatch) : found
  }
  return inFunction(
    about.fn,
    step<Kvm>(
      'SY.3',
      {
        ...about,
        c: 'mmu_unsync_walk(',
        shows: (kvm, v) => `mmu_unsync_walk(): ${batch(kvm, v).join(', ') || 'none'}`,
      },
      [
        {
          when: (kvm, v) => batch(kvm, v).length === 0,
          // The walk clears marks that lead to no unsync page.
          does: (kvm, v) => clear_unsync_marks(kvm, page(kvm, v)),
          // After several rounds the flush of the last may be owed.
          to: rounds ? 'SY.last' : 'SY.end',
        },
        {
          does: (kvm, v) => {
            for (const unsync of batch(kvm, v)) kvm.vcpu[v].fault.unsync_pages.add(unsync)
          },
        },
      ],
    ),
    block<Kvm>('SY.4', [
      step(
        'SY.4 protect',
        {
          ...about,
          c: 'kvm_vcpu_write_protect_gfn(',
          shows: (kvm, v) => `write-protect the tables of ${pages_to_sync(kvm, v)}`,
          fused: 'All tables at once: each SPTE only loses a permission, and the flush comes after the last.',
        },
        {
          does: (kvm, v) => {
            for (const unsync of kvm.vcpu[v].fault.unsync_pages.elements()) {
              if (rmap_write_protect(kvm, kvm.page[unsync].gfn as number)) kvm.vcpu[v].fault.flush = true
            }
          },
        },
      ),
      ...flushIfNeeded('SY.4', bounds),
    ]),
    block<Kvm>('SY.5', [
      step(
        'SY.5 sync',
        {
          fn: 'kvm_sync_page',
          since,
          c: { 'v6.1': 'mmu->sync_page(', 'v6.12': '__kvm_sync_page(' },
          shows: (kvm, v) => `sync ${pages_to_sync(kvm, v)}`,
          fused:
            'The tables are write-protected and flushed, so they cannot change while mmu_lock is held; only the dropped SPTEs are visible to others, and the flush comes after them.',
        },
        {
          does: (kvm, v) => {
            const { fault } = kvm.vcpu[v]
            for (const unsync of fault.unsync_pages.elements()) {
              kvm.page[unsync].unsync = false
              if (fails && sync_fails(kvm, unsync)) continue
              if (sync_page(kvm, unsync, 'do', bounds)) fault.flush = true
              if (rounds || fails) fault.unsync_pages.delete(unsync)
            }
            clear_unsync_marks(kvm, page(kvm, v))
          },
        },
      ),
      ...when(fails, ...zapFailed(bounds)),
      ...(rounds ? [nextRound()] : flushIfNeeded('SY.5', bounds)),
    ]),
    ...when(rounds, leaveRound(bounds, canYield), block<Kvm>('SY.last', flushIfNeeded('SY.5', bounds))),
    step<Kvm>(
      'SY.end',
      { ...about, c: 'return 0', shows: 'return', quiet: true },
      { does: (kvm, v) => kvm.vcpu[v].fault.unsync_pages.clear() },
    ),
  )
}

/** The pages that could not be synced are zapped; a list of zapped pages is committed, which includes the flush. */
function zapFailed(bounds: Bounds): Entry<Kvm>[] {
  const failed = (kvm: Kvm, v: number): number | undefined => kvm.vcpu[v].fault.unsync_pages.elements()[0]
  return [
    step(
      'SY.5 failed',
      {
        fn: 'kvm_sync_page',
        since,
        c: 'kvm_mmu_prepare_zap_page(',
        shows: (kvm, v) => `sync failed: ${failed(kvm, v) ?? 'none'}`,
        quiet: true,
      },
      [
        {
          when: (kvm, v) => failed(kvm, v) !== undefined,
          does: (kvm, v) => {
            const { fault } = kvm.vcpu[v]
            kvm.vcpu[v].zap_sp = failed(kvm, v) as number
            fault.unsync_pages.delete(kvm.vcpu[v].zap_sp as number)
          },
          to: 'SY.5 zap',
        },
        {
          does: (kvm, v) => {
            if (some_page_is_zapped(kvm)) kvm.vcpu[v].fault.flush = false
          },
          to: 'SY.5 commit',
        },
      ],
    ),
    block('SY.5 zap', zapUnsyncPage('SY.5 zapped', 'kvm_sync_page', bounds, 'SY.5 failed'), {
      fn: 'kvm_sync_page',
    }),
    ...inFunction(
      'kvm_mmu_remote_flush_or_zap',
      ...outOfOrder(
        'because the flush, the other half of the same function, is in two places of the list',
        commitZapPage('SY.5 commit', INVALID_LIST, bounds.vcpus, (kvm, v) => kvm.vcpu[v].req),
      ),
    ),
  ]
}

/** After a round: walk again, or stop because another thread waits for mmu_lock or for the CPU. */
function nextRound(): Entry<Kvm> {
  return choice('SY.5 next', [
    step(
      'SY.5 again',
      { ...about, c: 'rwlock_needbreak(', shows: 'need_resched() = false', quiet: true },
      { to: 'SY.3' },
    ),
    step(
      'SY.5 stop',
      { ...about, c: 'rwlock_needbreak(', shows: 'need_resched() = true' },
      { to: 'SY.5 yield' },
    ),
  ])
}

/**
 * Between two rounds: flush what is owed, and let other threads take mmu_lock; or, in a fault, which must read the guest
 * tables again, end with -EINTR and sync the root before the next entry (7.2.13 mmu.c 2245-2254).
 */
function leaveRound(bounds: Bounds, canYield: CanYield): Block<Kvm> {
  const resched = { ...about, c: 'cond_resched_rwlock_write(' }
  return block('SY.5 yield', [
    ...flushIfNeeded('SY.5 yield', bounds),
    ...(canYield === 'can yield'
      ? [
          writeUnlock('SY.5 unlock', resched),
          writeLock('SY.5 relock', 'vcpu', resched),
          step<Kvm>(
            'SY.5 resume',
            { ...about, c: { none: 'model' }, shows: 'next round', quiet: true },
            { to: 'SY.3' },
          ),
        ]
      : [
          step<Kvm>(
            'SY.5 EINTR',
            {
              ...about,
              c: 'kvm_make_request(KVM_REQ_MMU_SYNC',
              shows: 'requests |= MMU_SYNC, return -EINTR',
            },
            { does: (kvm, v) => kvm.vcpu[v].requests.add('MMU_SYNC'), to: END_OF_FAULT },
          ),
        ]),
  ])
}

const pages_to_sync = (kvm: Kvm, v: number): string =>
  `page ${kvm.vcpu[v].fault.unsync_pages.elements().join(', ')}`

/** `if (flush) kvm_flush_remote_tlbs()`. */
function flushIfNeeded(name: string, bounds: Bounds): Entry<Kvm>[] {
  return [
    step(
      `${name} test`,
      {
        ...about,
        c: 'kvm_mmu_remote_flush_or_zap(',
        shows: (kvm, v) => `flush needed = ${kvm.vcpu[v].fault.flush}`,
        quiet: (kvm, v) => !kvm.vcpu[v].fault.flush && all_tlbs_empty(kvm),
      },
      [
        { when: (kvm, v) => !kvm.vcpu[v].fault.flush, to: `${name} end` },
        {
          does: (kvm, v) => {
            kvm.vcpu[v].fault.flush = false
          },
        },
      ],
    ),
    makeAllCpusRequest(`${name} flush`, 'TLB_FLUSH', bounds.vcpus, (kvm, v) => kvm.vcpu[v].req),
    step(`${name} end`, { ...about, c: { none: 'model' }, shows: 'flushed', quiet: true }),
  ]
}

/** `kvm_mmu_sync_roots()` for the current root; if the root has no marks, no lock is taken (since v4.19). */
export function syncRoot(bounds: Bounds): Entry<Kvm>[] {
  const root: PageOf = (kvm, v) => kvm.vcpu[v].root as number
  const isUnsync = (kvm: Kvm, v: number): boolean => {
    const sp = kvm.page[root(kvm, v)]
    return sp.unsync || !sp.unsync_child_bitmap.isEmpty()
  }
  const about = { fn: 'kvm_mmu_sync_roots', since }
  return inFunction(
    about.fn,
    step<Kvm>(
      'SY.1',
      {
        ...about,
        c: 'is_unsync_root(',
        shows: (kvm, v) =>
          kvm.vcpu[v].root === null
            ? loaded_root_name(kvm, v)
            : `is_unsync_root(${current_root_name(kvm, root(kvm, v))}) = ${isUnsync(kvm, v)}`,
      },
      [{ when: (kvm, v) => kvm.vcpu[v].root === null || !isUnsync(kvm, v), to: 'SY.synced' }, {}],
    ),
    writeLock('SY.2', 'vcpu', about),
    ...syncChildren(bounds, root, 'can yield'),
    writeUnlock('SY.6', about),
    step('SY.synced', { ...about, c: { none: 'model' }, shows: 'return' }),
  )
}

/** RUN.2: KVM_REQ_MMU_SYNC. */
export function handleMmuSync(bounds: Bounds): Block<Kvm> {
  const pending = (kvm: Kvm, v: number): boolean => kvm.vcpu[v].requests.has('MMU_SYNC')
  return block(
    'RUN.2',
    [
      step(
        'RUN.2 check',
        {
          fn: 'vcpu_enter_guest',
          since,
          c: 'kvm_check_request(KVM_REQ_MMU_SYNC',
          shows: (kvm, v) => `kvm_check_request(KVM_REQ_MMU_SYNC) = ${pending(kvm, v)}`,
          quiet: (kvm, v) => !pending(kvm, v),
        },
        [
          { when: (kvm, v) => !pending(kvm, v), to: afterRoots(bounds.requests.hardwareRoot) },
          { does: (kvm, v) => kvm.vcpu[v].requests.delete('MMU_SYNC') },
        ],
      ),
      ...syncRoot(bounds),
    ],
    { fn: 'vcpu_enter_guest' },
  )
}

/**
 * The unsync page that translates an address below a root, or null. The walk stops at a page without unsync marks.
 */
function unsync_page_for(kvm: Kvm, root: number, gva: number, bounds: Bounds): number | null {
  let page = root
  for (let level = bounds.shadow.levels; level > 1; level--) {
    const { kind, child } = kvm.page[page].spte[index_at(gva, level, bounds.guest.entries)]
    if (kind !== 'non-leaf' || kvm.page[page].unsync_child_bitmap.isEmpty()) return null
    page = child as number
  }
  return kvm.page[page].unsync ? page : null
}

/** The unsync pages that translate the address of an INVLPG, below the current root and all previous ones. */
export function unsync_pages_for(kvm: Kvm, v: number, bounds: Bounds): number[] {
  return roots_of(kvm, v)
    .map((root) => (root === null ? null : unsync_page_for(kvm, root, kvm.vcpu[v].gva, bounds)))
    .filter((page) => page !== null)
}

/**
 * INVLPG: flushes the address from this CPU's TLB, and syncs the SPTE of the address if its page is unsync, below
 * the current root and all previous ones.
 */
export function invlpg(bounds: Bounds): Block<Kvm> {
  const about = { fn: 'kvm_mmu_invlpg', since: 'v6.1..v7.2' } as const
  const pages = (kvm: Kvm, v: number): number[] => unsync_pages_for(kvm, v, bounds)
  return block(
    INVLPG,
    [
      step(
        'IV.1',
        {
          ...about,
          c: {
            'v6.1': { callee: 'kvm_mmu_invalidate_gva', at: 'kvm_x86_flush_tlb_gva' },
            'v6.12': { callee: 'kvm_mmu_invalidate_addr', at: 'flush_tlb_gva' },
          },
          shows: (kvm, v) => `flush gva ${kvm.vcpu[v].gva} from this TLB`,
        },
        { does: (kvm, v) => flush_tlb_gva(kvm, v, kvm.vcpu[v].gva) },
      ),
      writeLock('IV.2', 'vcpu', {
        ...about,
        c: {
          'v6.1': { fn: 'paging64_invlpg', at: 'write_lock(' },
          'v6.12': { callee: '__kvm_mmu_invalidate_addr', at: 'write_lock(' },
        },
      }),
      step(
        'IV.3',
        {
          ...about,
          since: 'v6.4..v7.2',
          c: { callee: '__kvm_mmu_invalidate_addr', at: 'kvm_sync_spte(' },
          shows: (kvm, v) => `kvm_sync_spte() of page ${pages(kvm, v).join(', ') || 'none'}`,
          fused:
            'The kernel takes the lock once per root; previous roots are not in use, so the difference is not observable.',
        },
        {
          does: (kvm, v) => {
            const index = index_at(kvm.vcpu[v].gva, 1, bounds.guest.entries)
            for (const page of pages(kvm, v)) {
              const changed =
                tables_change_slots(bounds) && sync_fails(kvm, page)
                  ? mmu_page_zap_pte(kvm, { page, index })
                  : sync_spte(kvm, page, index, 'do', bounds)
              if (changed) kvm.vcpu[v].fault.flush = true
            }
          },
        },
      ),
      step(
        'IV.4',
        {
          ...about,
          c: {
            'v6.1': { fn: 'paging64_invlpg', at: 'is_shadow_present_pte(old_spte)' },
            'v6.12': { callee: '__kvm_mmu_invalidate_addr', at: 'if (ret)' },
          },
          shows: (kvm, v) => `flush needed = ${kvm.vcpu[v].fault.flush}`,
        },
        [
          { when: (kvm, v) => !kvm.vcpu[v].fault.flush, to: 'IV.end' },
          {
            does: (kvm, v) => {
              kvm.vcpu[v].fault.flush = false
            },
          },
        ],
      ),
      makeAllCpusRequest('IV.4 flush', 'TLB_FLUSH', bounds.vcpus, (kvm, v) => kvm.vcpu[v].req),
      step(
        'IV.end',
        {
          ...about,
          c: {
            'v6.1': { fn: 'paging64_invlpg', at: 'write_unlock(' },
            'v6.12': { callee: '__kvm_mmu_invalidate_addr', at: 'write_unlock(' },
          },
          shows: 'write_unlock(&kvm->mmu_lock)',
        },
        {
          does: (kvm, v) => {
            release_mmu_lock(kvm)
            finish_instruction(kvm, v)
          },
          to: REENTER,
        },
      ),
    ],
    { fn: about.fn },
  )
}
