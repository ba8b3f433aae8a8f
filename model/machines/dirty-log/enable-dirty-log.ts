import { choice, type Entry, inFunction, step } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import type { Bounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { rmap_write_protect } from '../../memory/shadow/rmap.ts'
import { writeLock, writeUnlock } from '../primitives/lock.ts'
import { makeAllCpusRequest } from '../primitives/make-request.ts'
import { synchronizeSrcu } from '../primitives/srcu.ts'

const since: ReadIn = 'v5.17..v7.2'
const update = { fn: 'kvm_set_memslot', since }
const swap = { fn: 'kvm_swap_active_memslots', since }
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
      [step('DE.1', { ...update, shows: 'mutex_lock(&kvm->slots_lock); allocate dirty_bitmap' }, {})],
      { validEnd: true },
    ),
    ...inFunction(
      update.fn,
      ...inFunction(
        swap.fn,
        step<Kvm>(
          'DE.2',
          {
            ...swap,
            shows: 'kvm->memslots: KVM_MEM_LOG_DIRTY_PAGES',
            fused: 'The flag and the bitmap are part of the memslots that are installed.',
          },
          {
            does: (kvm) => {
              kvm.dirty_logging = true
            },
          },
        ),
        synchronizeSrcu('DE.3'),
      ),
      ...inFunction(
        apply.fn,
        writeLock('DE.4', 'dirtylog', apply),
        step<Kvm>(
          'DE.5',
          {
            fn: 'kvm_mmu_slot_remove_write_access',
            since: 'v3.11..v7.2',
            shows: 'clear W in all SPTEs of the slot',
            fused: 'All SPTEs of the slot at once: each only loses W, and the flush comes after the last.',
          },
          {
            does: (kvm) => {
              for (const gfn of bounds.dirtyLog.of) rmap_write_protect(kvm, gfn, false)
            },
          },
        ),
        writeUnlock('DE.6', apply),
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
