import { type Block, block, type Entry, type Step, step } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import type { Bounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { DYING } from '../../memory/memslots/memslot.ts'
import { drop_parent_pte, drop_spte, rmap_entries, transfer_dirty } from '../../memory/shadow/rmap.ts'
import { all_pages, clear_spte, free_shadow_page } from '../../memory/shadow/shadow-page.ts'
import { stop_write_tracking } from '../../memory/shadow/write-tracking.ts'
import { writeUnlock } from '../primitives/lock.ts'
import { makeAllCpusRequest } from '../primitives/make-request.ts'
import { zapping } from './zap-all-fast.ts'

/**
 * Steps of the designs that were discussed in March and April 2013, before "fast invalidate all shadow pages" was
 * merged in v3.11. None of them is in a kernel.
 */
const since: ReadIn = 'history'

const requestOf = (kvm: Kvm) => kvm.memslot[0].req

/**
 * ZAP.2 of a design: non-leaf SPTEs are dropped as usual; leaf SPTEs are passed to `leaf`.
 * @param left what stays behind of them, for diagrams.
 */
export function zapChildren(
  left: string,
  leaf: (kvm: Kvm, sptep: { page: number; index: number }) => void,
): Step<Kvm> {
  return step(
    'ZAP.2',
    {
      fn: 'kvm_mmu_page_unlink_children',
      since,
      shows: (kvm) => `page ${zapping.sp(kvm, 0)}: ${left}`,
      fused: 'All SPTEs of the page at once: each only goes away, and the flush comes after the last.',
    },
    {
      does: (kvm) => {
        const page = zapping.sp(kvm, 0)
        for (let index = 0; index < kvm.page[page].spte.length; index++) {
          const { kind } = kvm.page[page].spte[index]
          if (kind === 'non-leaf') drop_parent_pte(kvm, { page, index })
          else if (kind === 'leaf') leaf(kvm, { page, index })
        }
        kvm.indirect_shadow_pages--
        if (kvm.page[page].level > 1) stop_write_tracking(kvm, kvm.page[page].gfn as number)
      },
    },
  )
}

/** Whether an SPTE is on an rmap of the slot that is deleted. */
export function on_dying_slot(kvm: Kvm, { page, index }: { page: number; index: number }): boolean {
  const { gfn } = kvm.page[page].spte[index]
  return gfn !== null && kvm.slot_of_gfn[gfn] === DYING
}

/** `drop_spte()`, unless the rmap belongs to the slot that is deleted. */
export function drop_unless_dying(kvm: Kvm, sptep: { page: number; index: number }): void {
  if (!on_dying_slot(kvm, sptep)) drop_spte(kvm, sptep)
}

/** D1.2, D1.3: all vCPUs drop their roots, and all TLBs are flushed. */
export function reloadAndFlush(bounds: Bounds): Block<Kvm> {
  return block('D1.2', [
    makeAllCpusRequest('reload', 'FREE_OBSOLETE_ROOTS', bounds.vcpus, requestOf),
    makeAllCpusRequest('flush', 'TLB_FLUSH', bounds.vcpus, requestOf),
  ])
}

/**
 * D1.4: resets all rmaps and counters, and empties hash and list. Roots are zapped, because vCPUs still hold
 * references to them; the pages below are only set aside, with their SPTEs.
 */
export function resetAll(): Step<Kvm> {
  return step(
    'D1.4',
    {
      fn: 'kvm_clear_all_gfn_page_info',
      since,
      shows: 'reset all rmaps, hash and list',
      fused:
        'One critical section under mmu_lock: no vCPU is in the guest, and no thread reads shadow pages without the lock.',
    },
    {
      does: (kvm) => {
        for (const rmap of kvm.rmap) for (const entries of rmap) entries.clear()
        kvm.indirect_shadow_pages = 0
        for (let table = 0; table < kvm.gfn_write_track.length; table++) kvm.gfn_write_track[table] = 0
        for (let at = 0; at < kvm.active_mmu_pages.length; at++) kvm.active_mmu_pages[at] = null
        for (const page of all_pages(kvm)) {
          const sp = kvm.page[page]
          if (sp.list === 'free') continue
          sp.role_invalid = true
          sp.list = sp.root_count > 0 ? 'pinned' : zapping.list
          for (const entries of sp.parent_ptes) entries.clear()
          for (const entry of sp.spte) if (sp.root_count > 0 || entry.kind === 'non-leaf') clear_spte(entry)
        }
      },
    },
  )
}

/** D1.6: frees the pages that were set aside, without the lock, and transfers D from their SPTEs to host pages. */
export function freeOldPages(): Step<Kvm> {
  return step(
    'D1.6',
    {
      fn: 'kvm_mmu_free_page',
      since,
      shows: 'free the old pages',
      fused: 'No other thread can reach them.',
    },
    {
      does: (kvm) => {
        for (const page of all_pages(kvm)) {
          if (kvm.page[page].list !== zapping.list) continue
          for (let index = 0; index < kvm.page[page].spte.length; index++)
            transfer_dirty(kvm, { page, index })
          free_shadow_page(kvm, page)
        }
      },
    },
  )
}

/**
 * D2.2: walks the rmaps of the deleted slot without mmu_lock and clears the SPTEs, one after the other, without
 * changing the rmaps.
 */
export function unmapWithoutLock(bounds: Bounds): Entry<Kvm>[] {
  const frames = bounds.memslots.of.flatMap((slot, gfn) => (slot === DYING ? [gfn] : []))
  const next = (kvm: Kvm) =>
    frames
      .flatMap((gfn) => rmap_entries(kvm, gfn))
      .find(({ page, index }) => kvm.page[page].spte[index].kind === 'leaf')
  return [
    writeUnlock('D2.1', { fn: 'kvm_mmu_invalidate_memslot_pages', since }),
    step(
      'D2.2',
      {
        fn: 'slot_rmap_unmap_invalid',
        since,
        shows: (kvm) => {
          const found = next(kvm)
          return found === undefined ? 'the rmaps are walked' : `page ${found.page}.spte[${found.index}] = 0`
        },
        fused:
          'Reading the rmap and clearing the SPTE; in slot-delete-unlocked-walk they are separate steps, with descriptors.',
      },
      [
        {
          when: (kvm) => next(kvm) !== undefined,
          does: (kvm) => {
            const { page, index } = next(kvm) as { page: number; index: number }
            transfer_dirty(kvm, { page, index })
            clear_spte(kvm.page[page].spte[index])
          },
          to: 'D2.2',
        },
        {},
      ],
    ),
  ]
}
