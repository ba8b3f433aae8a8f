import { block, type Entry, inFunction, type Step, step, when } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import { type Bounds, watched } from '../../memory/bounds.ts'
import { fault_is_logged } from '../../memory/dirty-log/dirty-log.ts'
import { fault_index, fault_spte, target_gfn } from '../../memory/fault/fault.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { drain } from '../../memory/primitives/store-buffer.ts'
import { drop_spte, rmap_add, rmap_is_locked, set_flush_pending } from '../../memory/shadow/rmap.ts'
import { valid_pages_of } from '../../memory/shadow/shadow-page.ts'
import { kvm_mmu_mark_parents_unsync } from '../../memory/shadow/write-tracking.ts'
import { note_refusal } from '../../memory/vcpu/instruction.ts'
import { all_tlbs_empty } from '../../memory/vcpu/tlb.ts'
import { END_OF_FAULT } from '../hand-over.ts'
import { makeAllCpusRequest } from '../primitives/make-request.ts'
import { pte_access_write } from './access.ts'
import { map_writable } from './fault-host-page.ts'
import { has_mmio, setMmioSpte } from './mmio.ts'

const since: ReadIn = 'v6.0..v7.2'
const about = { fn: 'mmu_set_spte', since }
const make = { fn: 'make_spte', since }

/** Whether a fault can meet a leaf SPTE of another page. */
function replaces(bounds: Bounds): boolean {
  if (watched(bounds) || has_mmio(bounds)) return true
  return bounds.externalWriter.stores.length > 0 || bounds.attributes.changes > 0
}

/**
 * SET.1 to SET.6: the leaf SPTE. A write, or a read through dirty PTEs or on a direct MMU, maps writable, unless the
 * frame is a shadowed table that must stay write-protected.
 */
export function setSpte(bounds: Bounds): Entry<Kvm>[] {
  return inFunction(
    'paging64_fetch',
    ...inFunction(
      about.fn,
      ...when(replaces(bounds), dropOther(bounds)),
      ...when(has_mmio(bounds), setMmioSpte(bounds)),
      ...inFunction(
        make.fn,
        ...when(watched(bounds), ...tryToUnsync(bounds)),
        ...when(bounds.dirtyLog.of.length > 0, markDirty(bounds)),
      ),
      step<Kvm>(
        'SET.4',
        {
          ...about,
          c: 'mmu_spte_update(',
          shows: (kvm, v) => {
            const { sp, pfn } = kvm.vcpu[v].fault
            const rights = writable(kvm, v, bounds) ? 'W' : 'R'
            return `page ${sp}.spte[${fault_index(kvm, v, bounds)}] = pfn ${pfn}, ${rights}`
          },
        },
        {
          does: (kvm, v) => {
            drain(kvm, v)
            const entry = fault_spte(kvm, v, bounds)
            const { pfn } = kvm.vcpu[v].fault
            kvm.vcpu[v].fault.was_rmapped = entry.kind === 'leaf'
            // A leaf of the same page stays under the frame for which it was added to an rmap.
            if (entry.kind !== 'leaf') entry.gfn = target_gfn(kvm, v)
            entry.kind = 'leaf'
            entry.gen = 0
            entry.pfn = pfn
            if (bounds.aging.accessed) entry.accessed = true
            if (bounds.guest.dirtyPtes) entry.access_write = pte_access_write(kvm, v, bounds)
            if (writable(kvm, v, bounds)) {
              entry.w = true
              entry.mmuw = true
            } else if ((bounds.shadow.accessRoles || bounds.guest.dirtyPtes) && entry.mmuw) {
              entry.w = false
              entry.mmuw = false
              set_flush_pending(kvm)
              kvm.vcpu[v].fault.flush = true
            }
          },
        },
      ),
      ...when(bounds.shadow.accessRoles || replaces(bounds), flushIfOwed(bounds)),
      addToRmap(bounds),
    ),
  )
}

/**
 * SET.6: a new SPTE goes on the rmap of its frame. One that was present before (`was_rmapped`) stays where it is. An rmap
 * is a set here: what the kernel would add a second time, `rmap-add-finds-no-entry` notices.
 */
function addToRmap(bounds: Bounds): Step<Kvm> {
  // Where designs let another thread in, the SPTE may be gone: the kernel adds it all the same.
  const key = (kvm: Kvm, v: number): number => fault_spte(kvm, v, bounds).gfn ?? target_gfn(kvm, v)
  const is_rmapped = (kvm: Kvm, v: number): boolean => kvm.vcpu[v].fault.was_rmapped
  const add = (kvm: Kvm, v: number): void =>
    rmap_add(kvm, key(kvm, v), {
      page: kvm.vcpu[v].fault.sp as number,
      index: fault_index(kvm, v, bounds),
    })
  return step(
    'SET.6',
    {
      fn: 'rmap_add',
      since,
      c: { callee: '__rmap_add', at: 'pte_list_add(' },
      shows: (kvm, v) => {
        const { sp } = kvm.vcpu[v].fault
        return is_rmapped(kvm, v)
          ? `was_rmapped: gfn ${key(kvm, v)}`
          : `rmap[gfn ${key(kvm, v)}] += page ${sp}.spte[${fault_index(kvm, v, bounds)}]`
      },
    },
    [
      {
        when: is_rmapped,
        does: (kvm, v) => {
          kvm.vcpu[v].fault.was_rmapped = false
        },
      },
      bounds.aging.calls > 0
        ? { when: (kvm, v) => !rmap_is_locked(kvm, key(kvm, v)), does: add }
        : { does: add },
    ],
  )
}

/** Whether the SPTE is writable: the guest PTEs and the host allow it, and the frame need not stay write-protected. */
function writable(kvm: Kvm, v: number, bounds: Bounds): boolean {
  return (
    pte_access_write(kvm, v, bounds) &&
    !kvm.vcpu[v].fault.emulate &&
    map_writable(kvm, target_gfn(kvm, v), bounds)
  )
}

/**
 * SET.5: the flush that is owed because another page was mapped here (SET.2), or because the SPTE was writable
 * before (`mmu_spte_update()`). The new SPTE is visible while TLBs still hold the old one.
 */
function flushIfOwed(bounds: Bounds): Entry<Kvm> {
  return block('SET.5', [
    step(
      'SET.5 test',
      {
        ...about,
        c: { 'v6.1': 'kvm_flush_remote_tlbs_with_address(', 'v6.12': 'kvm_flush_remote_tlbs_gfn(' },
        shows: (kvm, v) => `flush needed = ${kvm.vcpu[v].fault.flush}`,
        quiet: (kvm, v) => !kvm.vcpu[v].fault.flush && all_tlbs_empty(kvm),
      },
      [
        ...when(has_mmio(bounds), {
          when: (kvm: Kvm, v: number) => !kvm.vcpu[v].fault.flush && kvm.vcpu[v].fault.pfn === null,
          to: END_OF_FAULT,
        }),
        { when: (kvm, v) => !kvm.vcpu[v].fault.flush, to: 'SET.6' },
        {
          does: (kvm, v) => {
            kvm.vcpu[v].fault.flush = false
          },
        },
      ],
    ),
    makeAllCpusRequest('SET.5 flush', 'TLB_FLUSH', bounds.vcpus, (kvm, v) => kvm.vcpu[v].req),
    ...when(has_mmio(bounds), endOfMmio()),
  ])
}

/** An MMIO SPTE is on no rmap: `return RET_PF_EMULATE` after the flush. */
function endOfMmio(): Step<Kvm> {
  return step(
    'SET.5 end',
    {
      ...about,
      c: { none: 'model' },
      shows: (kvm, v) => `is_noslot_pfn() = ${kvm.vcpu[v].fault.pfn === null}`,
      quiet: true,
    },
    [{ when: (kvm, v) => kvm.vcpu[v].fault.pfn === null, to: END_OF_FAULT }, {}],
  )
}

/**
 * SET.2: if another page was mapped here, its SPTE is dropped; the flush comes after the new one is stored (SET.5).
 * Only pages are compared: an SPTE of the same page that was mapped for another frame stays.
 */
export function dropOther(bounds: Bounds): Entry<Kvm> {
  const other = (kvm: Kvm, v: number): boolean => {
    const entry = fault_spte(kvm, v, bounds)
    return entry.kind === 'leaf' && entry.pfn !== kvm.vcpu[v].fault.pfn
  }
  return block('SET.2', [
    step(
      'SET.2 test',
      {
        ...about,
        c: 'pfn != spte_to_pfn(*sptep)',
        shows: (kvm, v) => `another page mapped here = ${other(kvm, v)}`,
      },
      [
        { when: (kvm, v) => !other(kvm, v) },
        {
          does: (kvm, v) => {
            drain(kvm, v)
            drop_spte(kvm, { page: kvm.vcpu[v].fault.sp as number, index: fault_index(kvm, v, bounds) })
            kvm.vcpu[v].fault.flush = true
          },
        },
      ],
    ),
  ])
}

/** SET.3: marks the page dirty before the SPTE becomes writable: from then on stores need not exit. */
function markDirty(bounds: Bounds): Step<Kvm> {
  const marks = (kvm: Kvm, v: number): boolean => writable(kvm, v, bounds) && fault_is_logged(kvm, v, bounds)
  return step(
    'SET.3',
    {
      ...make,
      c: 'mark_page_dirty_in_slot(',
      shows: (kvm, v) =>
        marks(kvm, v) ? `mark_page_dirty_in_slot(gfn ${target_gfn(kvm, v)})` : 'not writable, or not logged',
      quiet: (kvm, v) => !marks(kvm, v),
    },
    [{ when: marks, does: (kvm, v) => kvm.dirty_bitmap.add(target_gfn(kvm, v)) }, {}],
  )
}

/**
 * UN.1, UN.2: before the frame of a level-1 table is mapped writable, its shadow pages become unsync. Frames of
 * higher tables stay read-only, and the write is emulated.
 */
function tryToUnsync(bounds: Bounds): Entry<Kvm>[] {
  const about = { fn: 'mmu_try_to_unsync_pages', since }
  const isTable = (kvm: Kvm, v: number): boolean => target_gfn(kvm, v) < bounds.guest.tables
  const shadows = (kvm: Kvm, v: number): number[] =>
    isTable(kvm, v) ? valid_pages_of(kvm, target_gfn(kvm, v)) : []
  const tracked = (kvm: Kvm, v: number): boolean =>
    isTable(kvm, v) && kvm.gfn_write_track[target_gfn(kvm, v)] > 0
  const next = bounds.dirtyLog.of.length > 0 ? 'SET.3' : 'SET.4'
  return [
    step(
      'UN.1',
      {
        ...about,
        c: { 'v6.1': 'kvm_slot_page_track_is_active(', 'v6.12': 'kvm_gfn_is_write_tracked(' },
        shows: (kvm, v) => `kvm_gfn_is_write_tracked(gfn ${target_gfn(kvm, v)}) = ${tracked(kvm, v)}`,
      },
      [
        { when: (kvm, v) => !pte_access_write(kvm, v, bounds), to: next },
        {
          // Before the pages are looked up: one that is obsolete and not zapped yet still counts.
          when: tracked,
          does: (kvm, v) => {
            kvm.vcpu[v].fault.emulate = true
            if (kvm.vcpu[v].guest === 'write') note_refusal(kvm, v, target_gfn(kvm, v))
          },
          to: next,
        },
        { when: (kvm, v) => shadows(kvm, v).length === 0, to: next },
        {},
      ],
    ),
    step(
      'UN.2',
      {
        ...about,
        c: 'kvm_unsync_page(',
        shows: (kvm, v) => `unsync = 1: page ${shadows(kvm, v).join(', ')}`,
        fused:
          'The flags of the page and of its ancestors: a lockless reader reads those of the root only, and the SPTE becomes writable afterwards.',
      },
      {
        does: (kvm, v) => {
          if (!writable(kvm, v, bounds)) return
          for (const page of shadows(kvm, v)) {
            kvm.page[page].unsync = true
            kvm_mmu_mark_parents_unsync(kvm, page)
          }
        },
      },
    ),
  ]
}
