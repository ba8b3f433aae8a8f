import { type Block, block, type Entry, type Step, step, when } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import type { Bounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { end_of_walk } from '../../memory/tdp/iter.ts'
import { valid_root } from '../../memory/tdp/roots.ts'
import { DIRTY_LOG_THREAD } from '../../memory/tdp/threads.ts'
import { threadReadLock, threadReadUnlock } from '../primitives/lock.ts'

const since: ReadIn = 'v6.1..v7.2'

/** Clears W in the leaf SPTE of a frame below the valid root; it stays MMU-writable. */
function clear_writable(kvm: Kvm, gfn: number): void {
  const root = valid_root(kvm)
  if (root === null) return
  const { entry, level } = end_of_walk(kvm, root, gfn)
  if (entry.kind === 'leaf' && level === 1) entry.w = false
}

/**
 * DL.3: `kvm_tdp_mmu_clear_dirty_pt_masked()` with `wrprot`, with mmu_lock held for write. Only a fast page fault can
 * change the SPTEs meanwhile, and hardware.
 */
export function clearDirtyPtMasked(mask: (kvm: Kvm) => readonly number[]): Step<Kvm> {
  return step(
    'DL.3',
    {
      fn: 'clear_dirty_pt_masked',
      since,
      c: { 'v6.1': 'tdp_mmu_set_spte_no_dirty_log(', 'v6.12': 'tdp_mmu_clear_spte_bits(' },
      shows: (kvm) => `clear W in the SPTEs of gfn ${mask(kvm).join(', ')} below the valid root`,
      fused:
        'All frames at once: each SPTE only loses W, by one locked instruction, and the flush comes after the last.',
    },
    {
      does: (kvm) => {
        for (const gfn of mask(kvm)) clear_writable(kvm, gfn)
      },
    },
  )
}

/**
 * DE.4 to DE.6: `kvm_tdp_mmu_wrprot_slot()`, with mmu_lock held for read: faults run meanwhile. The lock may be dropped
 * between two frames without a flush, as only W is cleared.
 */
export function wrprotSlot({ dirtyLog, tdp }: Bounds): Entry<Kvm>[] {
  const slot = { fn: 'kvm_mmu_slot_remove_write_access', since: 'v6.1..v7.2' } as const
  const { of } = dirtyLog
  return [
    threadReadLock('DE.4', DIRTY_LOG_THREAD, slot),
    ...of.flatMap((gfn, i): Entry<Kvm>[] => {
      const name = i === 0 ? 'DE.5' : `DE.5[${gfn}]`
      return [
        step(
          name,
          {
            fn: 'wrprot_gfn_range',
            since,
            c: 'tdp_mmu_set_spte_atomic(',
            shows: `clear W in the SPTE of gfn ${gfn}`,
            fused:
              'The read and the cmpxchg: where it fails it has changed nothing, and is tried again with the value that it has read.',
          },
          { does: (kvm) => clear_writable(kvm, gfn) },
        ),
        ...when<Entry<Kvm>>(tdp.yields && i < of.length - 1, yieldLock(name)),
      ]
    }),
    threadReadUnlock('DE.6', DIRTY_LOG_THREAD, slot),
  ]
}

function yieldLock(name: string): Block<Kvm> {
  const resched = { fn: 'tdp_mmu_iter_cond_resched', since, c: 'cond_resched_rwlock_read(' } as const
  return block(`${name} yield`, [
    threadReadUnlock('unlock', DIRTY_LOG_THREAD, { ...resched, shows: 'cond_resched_rwlock_read()' }),
    threadReadLock('relock', DIRTY_LOG_THREAD, resched),
  ])
}
