import { block, type Entry, inFunction, step, when } from '../../language/program.ts'
import { OutOfBounds } from '../../language/property.ts'
import type { ReadIn } from '../../language/versions.ts'
import { type Bounds, tables_change_slots, watched, zaps_unsync_pages } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { drain, increment_indirect_shadow_pages, where_stored } from '../../memory/primitives/store-buffer.ts'
import { note_new_race } from '../../memory/shadow/hint-debt.ts'
import { rmap_write_protect } from '../../memory/shadow/rmap.ts'
import {
  all_pages,
  alloc_shadow_page,
  find_shadow_page,
  free_page_of_pool,
  INDIRECT,
  is_obsolete_sp,
  type Role,
  sp_has_gptes,
} from '../../memory/shadow/shadow-page.ts'
import { account_shadowed } from '../../memory/shadow/write-tracking.ts'
import { all_tlbs_empty } from '../../memory/vcpu/tlb.ts'
import { makeAllCpusRequest } from '../primitives/make-request.ts'
import { smpMb } from '../primitives/memory-barrier.ts'
import { commitZapPage } from '../zap/zap-page.ts'
import { sync_fails, sync_page } from './sync-page.ts'
import { INVALID_LIST, some_page_is_zapped, zapUnsyncPage } from './zap-unsync-page.ts'

const since: ReadIn = 'v6.0..v7.2'
const find = { fn: 'kvm_mmu_find_shadow_page', since }
const alloc = { fn: 'kvm_mmu_alloc_shadow_page', since }
const account = { fn: 'account_shadowed', since }

/** The shadow page that a caller needs, and the local variable in which it keeps the result. */
export interface Wanted {
  readonly gfn: (kvm: Kvm, v: number) => number
  readonly level: (kvm: Kvm, v: number) => number
  /** The rest of the role; default: indirect, as with one MMU and one kind of guest. */
  readonly role?: (kvm: Kvm, v: number) => Role
  /** `invalid` in the wanted role: a child copies it from its parent, see `childRole()`. */
  readonly invalid?: (kvm: Kvm, v: number) => boolean
  /** Stores the result. */
  readonly found: (kvm: Kvm, v: number, page: number) => void
  /** Reads the result. */
  readonly page: (kvm: Kvm, v: number) => number
}

/**
 * The kernel never waits for a page under mmu_lock: its caches were filled before. If no page is free, the bounds of
 * the scenario are too small, and the behaviour ends here.
 * @throws OutOfBounds.
 */
function take_page_of_pool(kvm: Kvm): number {
  const page = free_page_of_pool(kvm)
  if (page === null)
    throw new OutOfBounds('shadow.pages', `all ${kvm.page.length} shadow pages of the scenario are in use`)
  return page
}

/**
 * GET.3 to GET.12: look the page up by frame and role, or build it: account it, write-protect the guest table,
 * flush. Without guest writes to tables GET.7 to GET.12 are part of GET.6: there is nothing to protect, and no
 * thread reads the counters without mmu_lock.
 */
export function getShadowPage(bounds: Bounds, wanted: Wanted): Entry<Kvm>[] {
  const role = wanted.role ?? ((): Role => INDIRECT)
  const invalid = wanted.invalid ?? ((): boolean => false)
  // find_shadow_page() skips invalid pages, so a role with `invalid` is never found.
  const lookUp = (kvm: Kvm, v: number): number | null =>
    invalid(kvm, v) ? null : find_shadow_page(kvm, wanted.gfn(kvm, v), wanted.level(kvm, v), role(kvm, v))
  const build = (kvm: Kvm, v: number): number => {
    const page = take_page_of_pool(kvm)
    alloc_shadow_page(kvm, page, wanted.gfn(kvm, v), wanted.level(kvm, v), role(kvm, v))
    kvm.page[page].built_pae = kvm.vcpu[v].cr4_pae && !kvm.vcpu[v].nested
    if (invalid(kvm, v)) kvm.page[page].role_invalid = true
    for (let other = 0; other < kvm.vcpu.length; other++) {
      if (kvm.vcpu[other].stopped_by !== wanted.gfn(kvm, v)) continue
      kvm.vcpu[other].shadowed_again = true
      note_new_race(kvm, other)
    }
    wanted.found(kvm, v, page)
    return page
  }
  return [
    step<Kvm>(
      'GET.3',
      {
        ...find,
        c: 'for_each_valid_sp(',
        shows: (kvm, v) =>
          `gfn ${wanted.gfn(kvm, v)}, level ${wanted.level(kvm, v)}: ${lookUp(kvm, v) ?? 'none'}`,
      },
      [
        {
          when: (kvm, v) => lookUp(kvm, v) !== null,
          does: (kvm, v) => {
            const page = lookUp(kvm, v) as number
            if (bounds.writeTracking.flooding) kvm.page[page].write_flooding_count = 0
            wanted.found(kvm, v, page)
          },
          to: watched(bounds) ? 'GET.4' : 'GET.end',
        },
        ...when(
          zaps_unsync_pages(bounds),
          {
            when: (kvm: Kvm, v: number) => unsync_page_in_the_way(kvm, v, wanted) !== null,
            does: (kvm: Kvm, v: number) => {
              kvm.vcpu[v].zap_sp = unsync_page_in_the_way(kvm, v, wanted)
            },
            to: 'GET.3 zap',
          },
          { when: some_page_is_zapped, to: 'GET.5' },
        ),
        { to: 'GET.6' },
      ],
    ),
    ...inFunction(
      find.fn,
      ...when(
        zaps_unsync_pages(bounds),
        block<Kvm>('GET.3 zap', zapUnsyncPage('GET.3 zapped', find.fn, bounds, 'GET.3')),
      ),
      ...when(watched(bounds), ...syncFound(bounds, wanted)),
      ...when(
        zaps_unsync_pages(bounds),
        commitZapPage('GET.5', INVALID_LIST, bounds.vcpus, (kvm, v) => kvm.vcpu[v].req),
      ),
    ),
    step(
      'GET.6',
      {
        ...alloc,
        c: 'hlist_add_head(',
        shows: (kvm, v) => `page ${free_page_of_pool(kvm) ?? 'none free'} for gfn ${wanted.gfn(kvm, v)}`,
        fused: 'Lists, hash and role are read under mmu_lock only.',
      },
      {
        does: (kvm, v) => {
          const page = build(kvm, v)
          if (!watched(bounds) && sp_has_gptes(kvm, page)) account_shadowed(kvm, page)
        },
      },
    ),
    ...inFunction(alloc.fn, ...when(watched(bounds), ...protectTable(bounds, wanted))),
    step('GET.end', {
      fn: '__kvm_mmu_get_shadow_page',
      since,
      c: 'return sp',
      shows: (kvm, v) => `return page ${wanted.page(kvm, v)}`,
      quiet: true,
    }),
  ]
}

/**
 * GET.3: an unsync page of the same frame at another level, which is zapped before the page above level 1 is built: the
 * frame will be write-protected (7.2.13 mmu.c 2297-2299). Null without one.
 */
function unsync_page_in_the_way(kvm: Kvm, v: number, wanted: Wanted): number | null {
  if (wanted.level(kvm, v) === 1) return null
  const gfn = wanted.gfn(kvm, v)
  return (
    all_pages(kvm).find((page) => {
      const sp = kvm.page[page]
      return sp.list !== 'free' && sp.gfn === gfn && sp.unsync && !is_obsolete_sp(kvm, page)
    }) ?? null
  )
}

/** GET.4: an unsync page that was found is synced, without write-protecting its table. */
function syncFound(bounds: Bounds, wanted: Wanted): Entry<Kvm>[] {
  return [
    step(
      'GET.4',
      {
        fn: 'kvm_sync_page',
        since,
        c: { 'v6.1': 'mmu->sync_page(', 'v6.12': '__kvm_sync_page(' },
        shows: (kvm, v) => `page ${wanted.page(kvm, v)}: unsync = ${kvm.page[wanted.page(kvm, v)].unsync}`,
      },
      [
        ...when(tables_change_slots(bounds), {
          // The page is zapped, and the loop ends: it is built anew.
          when: (kvm: Kvm, v: number) =>
            kvm.page[wanted.page(kvm, v)].unsync && sync_fails(kvm, wanted.page(kvm, v)),
          does: (kvm: Kvm, v: number) => {
            kvm.vcpu[v].zap_sp = wanted.page(kvm, v)
          },
          to: 'GET.3 zap',
        }),
        {
          when: (kvm, v) =>
            kvm.page[wanted.page(kvm, v)].unsync && sync_page(kvm, wanted.page(kvm, v), 'look', bounds),
          does: (kvm, v) => {
            sync_page(kvm, wanted.page(kvm, v), 'do', bounds)
          },
          to: 'GET.4 flush',
        },
        {
          does: (kvm, v) => {
            if (kvm.page[wanted.page(kvm, v)].unsync) sync_page(kvm, wanted.page(kvm, v), 'do', bounds)
          },
          to: 'GET.end',
        },
      ],
    ),
    makeAllCpusRequest('GET.4 flush', 'TLB_FLUSH', bounds.vcpus, (kvm, v) => kvm.vcpu[v].req),
    step(
      'GET.4 end',
      { ...find, c: '__clear_sp_write_flooding_count(', shows: 'synced', quiet: true },
      { to: 'GET.end' },
    ),
  ]
}

function protectTable(bounds: Bounds, wanted: Wanted): Entry<Kvm>[] {
  const flushing = { fn: 'kvm_flush_remote_tlbs_gfn', since }
  return inFunction(
    account.fn,
    step<Kvm>(
      'GET.7',
      {
        ...account,
        c: 'kvm->arch.indirect_shadow_pages++',
        shows: (kvm, v) =>
          sp_has_gptes(kvm, wanted.page(kvm, v))
            ? `indirect_shadow_pages++${where_stored(kvm, v)}`
            : 'no guest table behind it',
      },
      [
        { when: (kvm, v) => !sp_has_gptes(kvm, wanted.page(kvm, v)), to: 'GET.end' },
        { does: increment_indirect_shadow_pages },
      ],
    ),
    ...when(bounds.memoryOrder.barriers, smpMb('GET.8', { fn: 'account_shadowed', since: 'v6.9..v7.2' })),
    step<Kvm>(
      'GET.9',
      {
        ...account,
        c: { 'v6.1': 'kvm_slot_page_track_add_page(', 'v6.12': '__kvm_write_track_add_gfn(' },
        shows: (kvm, v) =>
          wanted.level(kvm, v) > 1
            ? `gfn_write_track[${wanted.gfn(kvm, v)}]++`
            : 'level 1: writes are not tracked',
      },
      {
        does: (kvm, v) => {
          if (wanted.level(kvm, v) === 1) return
          drain(kvm, v)
          kvm.gfn_write_track[wanted.gfn(kvm, v)]++
        },
      },
    ),
    step<Kvm>(
      'GET.11',
      {
        fn: 'kvm_mmu_slot_gfn_write_protect',
        since,
        c: 'rmap_write_protect(',
        shows: (kvm, v) => `write-protect the SPTEs of gfn ${wanted.gfn(kvm, v)}`,
        fused:
          'All SPTEs of one frame at once: each only loses a permission, and the flush comes after the last.',
      },
      {
        does: (kvm, v) => {
          if (!rmap_write_protect(kvm, wanted.gfn(kvm, v))) return
          drain(kvm, v)
          kvm.vcpu[v].fault.flush = true
        },
      },
    ),
    block<Kvm>('GET.12', [
      step(
        'GET.12 test',
        {
          ...flushing,
          c: {
            'v6.1': { fn: 'account_shadowed', at: 'kvm_flush_remote_tlbs_with_address(' },
            'v6.12': 'kvm_flush_remote_tlbs_range(',
          },
          shows: (kvm, v) => `flush needed = ${kvm.vcpu[v].fault.flush}`,
          quiet: (kvm, v) => !kvm.vcpu[v].fault.flush && all_tlbs_empty(kvm),
        },
        [
          { when: (kvm, v) => !kvm.vcpu[v].fault.flush, to: 'GET.12 end' },
          {
            does: (kvm, v) => {
              kvm.vcpu[v].fault.flush = false
            },
          },
        ],
      ),
      ...inFunction(
        flushing.fn,
        makeAllCpusRequest('GET.12 flush', 'TLB_FLUSH', bounds.vcpus, (kvm, v) => kvm.vcpu[v].req),
      ),
      step('GET.12 end', { ...account, c: { none: 'model' }, shows: 'the table is read-only', quiet: true }),
    ]),
  )
}
