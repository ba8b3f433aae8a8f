import { block, type Entry, inFunction, type Step, step, when } from '../../language/program.ts'
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
import { makeAllCpusRequest } from '../primitives/make-request.ts'
import { pte_access_write } from './access.ts'
import { has_mmio, setMmioSpte } from './mmio.ts'

const since = 'v6.0..v6.16'
const about = { fn: 'mmu_set_spte', since }
const make = { fn: 'make_spte', since }

/**
 * SET.1 to SET.6: the leaf SPTE. A read maps read-only or, in scenarios with D bits, writable if the guest PTE is
 * dirty. A write maps writable unless the frame is a shadowed table that must stay write-protected.
 */
export function setSpte(bounds: Bounds): Entry<Kvm>[] {
  return inFunction(
    'paging64_fetch',
    ...inFunction(
      about.fn,
      ...when(watched(bounds) || bounds.externalWriter.stores.length > 0, dropOther(bounds)),
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
          shows: (kvm, v) => {
            const { sp, pfn } = kvm.vcpu[v].fault
            const rights = writable(kvm, v) ? 'W' : 'R'
            return `page ${sp}.spte[${fault_index(kvm, v, bounds)}] = pfn ${pfn}, ${rights}`
          },
        },
        {
          does: (kvm, v) => {
            drain(kvm, v)
            const entry = fault_spte(kvm, v, bounds)
            const { pfn } = kvm.vcpu[v].fault
            entry.kind = 'leaf'
            entry.gen = 0
            entry.pfn = pfn
            entry.gfn = target_gfn(kvm, v)
            if (writable(kvm, v)) {
              entry.w = true
              entry.mmuw = true
            } else if (bounds.shadow.accessRoles && entry.mmuw) {
              entry.w = false
              entry.mmuw = false
              set_flush_pending(kvm)
              kvm.vcpu[v].fault.flush = true
            }
          },
        },
      ),
      ...when(bounds.shadow.accessRoles, flushLostAccess(bounds)),
      step<Kvm>(
        'SET.6',
        {
          fn: 'rmap_add',
          since,
          shows: (kvm, v) =>
            `rmap[gfn ${target_gfn(kvm, v)}] += page ${kvm.vcpu[v].fault.sp}.spte[${fault_index(kvm, v, bounds)}]`,
        },
        {
          ...(bounds.aging.calls > 0 ? { when: (kvm, v) => !rmap_is_locked(kvm, target_gfn(kvm, v)) } : {}),
          does: (kvm, v) =>
            rmap_add(kvm, target_gfn(kvm, v), {
              page: kvm.vcpu[v].fault.sp as number,
              index: fault_index(kvm, v, bounds),
            }),
        },
      ),
    ),
  )
}

/** Whether the SPTE is writable: the guest PTEs allow it, and the frame need not stay write-protected. */
function writable(kvm: Kvm, v: number): boolean {
  return pte_access_write(kvm, v) && !kvm.vcpu[v].fault.emulate
}

/** SET.5: `mmu_spte_update()` asks for a flush because the SPTE was writable before. */
function flushLostAccess(bounds: Bounds): Entry<Kvm> {
  return block('SET.5', [
    step(
      'SET.5 test',
      {
        ...about,
        shows: (kvm, v) => `flush needed = ${kvm.vcpu[v].fault.flush}`,
        quiet: (kvm, v) => !kvm.vcpu[v].fault.flush && all_tlbs_empty(kvm),
      },
      [
        { when: (kvm, v) => !kvm.vcpu[v].fault.flush, to: 'SET.6' },
        {
          does: (kvm, v) => {
            kvm.vcpu[v].fault.flush = false
          },
        },
      ],
    ),
    makeAllCpusRequest('SET.5 flush', 'TLB_FLUSH', bounds.vcpus, (kvm, v) => kvm.vcpu[v].req),
  ])
}

/** SET.2: if another frame was mapped here, take it off its rmap and flush before mapping the new one. */
export function dropOther(bounds: Bounds): Entry<Kvm> {
  const other = (kvm: Kvm, v: number): boolean => {
    const entry = fault_spte(kvm, v, bounds)
    return entry.kind === 'leaf' && (entry.pfn !== kvm.vcpu[v].fault.pfn || entry.gfn !== target_gfn(kvm, v))
  }
  return block('SET.2', [
    step('SET.2 test', { ...about, shows: (kvm, v) => `another frame mapped here = ${other(kvm, v)}` }, [
      { when: (kvm, v) => !other(kvm, v), to: 'SET.2 end' },
      {
        does: (kvm, v) => {
          drain(kvm, v)
          drop_spte(kvm, { page: kvm.vcpu[v].fault.sp as number, index: fault_index(kvm, v, bounds) })
        },
      },
    ]),
    makeAllCpusRequest('SET.2 flush', 'TLB_FLUSH', bounds.vcpus, (kvm, v) => kvm.vcpu[v].req),
    step('SET.2 end', { ...about, shows: 'the entry is free' }),
  ])
}

/** SET.3: marks the page dirty before the SPTE becomes writable: from then on stores need not exit. */
function markDirty(bounds: Bounds): Step<Kvm> {
  const marks = (kvm: Kvm, v: number): boolean => writable(kvm, v) && fault_is_logged(kvm, v, bounds)
  return step(
    'SET.3',
    {
      ...make,
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
        shows: (kvm, v) => `kvm_gfn_is_write_tracked(gfn ${target_gfn(kvm, v)}) = ${tracked(kvm, v)}`,
      },
      [
        { when: (kvm, v) => !pte_access_write(kvm, v) || shadows(kvm, v).length === 0, to: next },
        {
          when: tracked,
          does: (kvm, v) => {
            kvm.vcpu[v].fault.emulate = true
            note_refusal(kvm, v, target_gfn(kvm, v))
          },
          to: next,
        },
        {},
      ],
    ),
    step(
      'UN.2',
      {
        ...about,
        shows: (kvm, v) => `unsync = 1: page ${shadows(kvm, v).join(', ')}`,
        fused:
          'The flags of the page and of its ancestors: a lockless reader reads those of the root only, and the SPTE becomes writable afterwards.',
      },
      {
        does: (kvm, v) => {
          if (!writable(kvm, v)) return
          for (const page of shadows(kvm, v)) {
            kvm.page[page].unsync = true
            kvm_mmu_mark_parents_unsync(kvm, page)
          }
        },
      },
    ),
  ]
}
