import type { Anchor } from '../../language/anchor.ts'
import { block, choice, type Entry, inFunction, step, when } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import { type Bounds, has_only_tdp } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { rmap_write_protect } from '../../memory/shadow/rmap.ts'
import { installMemslots } from '../primitives/install-memslots.ts'
import { kickAllVcpus } from '../primitives/kick.ts'
import { writeLock, writeUnlock } from '../primitives/lock.ts'
import { makeAllCpusRequest } from '../primitives/make-request.ts'
import { synchronizeSrcu } from '../primitives/srcu.ts'
import { wrprotSlot } from '../tdp/write-protect.ts'

const since: ReadIn = 'v5.17..v7.2'
const update = { fn: 'kvm_set_memslot', since }
const swap = { fn: 'kvm_swap_active_memslots', since }
const remove = { fn: 'kvm_mmu_slot_remove_write_access', since: 'v3.11..v7.2' } as const
/** The break of the lock in the walk over the rmaps of a slot. */
const yielding: Anchor = {
  'v6.1': {
    fn: 'kvm_mmu_slot_apply_flags',
    callee: [remove.fn, 'slot_handle_level', 'slot_handle_level_range'],
    at: 'cond_resched_rwlock_write(',
  },
  'v6.12': {
    fn: 'kvm_mmu_slot_apply_flags',
    callee: [remove.fn, 'walk_slot_rmaps', '__walk_slot_rmaps'],
    at: 'cond_resched_rwlock_write(',
  },
}
const apply = { fn: 'kvm_mmu_slot_apply_flags', since }

/**
 * KVM_SET_USER_MEMORY_REGION with KVM_MEM_LOG_DIRTY_PAGES: install the slot with its bitmap, wait for faults that
 * may have seen it without, write-protect all of it, flush. Then userspace copies all pages once; later stores are
 * in the log.
 */
export function enableDirtyLog(bounds: Bounds): Entry<Kvm>[] {
  return [
    choice(
      'off',
      [
        step(
          'DE.1',
          {
            ...update,
            c: { callee: 'kvm_prepare_memory_region', at: 'kvm_alloc_dirty_bitmap(' },
            shows: 'mutex_lock(&kvm->slots_lock); allocate dirty_bitmap',
          },
          {},
        ),
      ],
      { validEnd: true },
    ),
    ...inFunction(
      update.fn,
      ...inFunction(
        swap.fn,
        installMemslots('DE.2', {
          shows: 'KVM_MEM_LOG_DIRTY_PAGES',
          does: (kvm) => {
            kvm.dirty_logging = true
          },
        }),
        synchronizeSrcu('DE.3'),
        ...kickAllVcpus('DE.3 kick', bounds, (kvm) => kvm.dirtylog[0].req),
      ),
      ...inFunction(
        apply.fn,
        ...(has_only_tdp(bounds)
          ? inFunction(remove.fn, ...wrprotSlot(bounds))
          : [
              writeLock('DE.4', 'dirtylog', { ...apply, c: { callee: remove.fn, at: 'write_lock(' } }),
              ...inFunction(remove.fn, ...removeWriteAccess(bounds)),
              writeUnlock('DE.6', { ...apply, c: { callee: remove.fn, at: 'write_unlock(' } }),
            ]),
        makeAllCpusRequest('DE.7', 'TLB_FLUSH', bounds.vcpus, (kvm) => kvm.dirtylog[0].req),
      ),
    ),
    step(
      'DE.8',
      {
        fn: 'host userspace',
        since: 'host userspace',
        shows: 'copy all pages',
        fused: 'A store during the copying of a page is in the copy, or counts as later than the copy.',
      },
      { does: (kvm) => kvm.uncopied.clear() },
    ),
  ]
}

/**
 * DE.5: rmap by rmap. mmu_lock may be dropped after each, without a flush: `walk_slot_rmaps(flush_on_yield = false)`, as
 * only W was cleared, and the flush after the last one comes before userspace copies anything.
 */
function removeWriteAccess({ dirtyLog: { of, lockBreak } }: Bounds): Entry<Kvm>[] {
  return of.flatMap((gfn, i): Entry<Kvm>[] => {
    const name = i === 0 ? 'DE.5' : `DE.5[${gfn}]`
    return [
      step(
        name,
        {
          ...remove,
          c: { fn: apply.fn, callee: remove.fn, at: 'slot_rmap_write_protect' },
          shows: `clear W in the SPTEs of gfn ${gfn}`,
          fused: 'All SPTEs of one frame at once: each only loses W, and the flush comes after the last.',
        },
        {
          does: (kvm) => {
            rmap_write_protect(kvm, gfn, false)
          },
        },
      ),
      ...when<Entry<Kvm>>(
        lockBreak && i < of.length - 1,
        block(`${name} yield`, [
          writeUnlock('unlock', { ...remove, c: yielding, shows: 'cond_resched_rwlock_write()' }),
          writeLock('relock', 'dirtylog', { ...remove, c: yielding }),
        ]),
      ),
    ]
  })
}
