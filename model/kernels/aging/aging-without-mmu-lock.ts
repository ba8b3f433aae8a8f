import { only, type Patch, replace } from '../../language/patch.ts'
import { step } from '../../language/program.ts'
import { firstSpte, forget } from '../../machines/aging/aging.ts'
import { CALL } from '../../machines/aging/aging-steps.ts'
import { lockedCall } from '../../machines/aging/locked-call.ts'
import { release_mmu_lock, writeLock } from '../../machines/primitives/lock.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { Difference } from '../difference.ts'

const about = { fn: 'kvm_handle_hva_range', since: '..v6.14' } as const

/** AG.2 and AG.6 take and drop mmu_lock instead of the lock bit of the rmap. */
export const agingUnderMmuLock: readonly Patch<Kvm>[] = [
  only(
    'aging',
    replace(
      'AG.2',
      writeLock('AG.2', 'notifier', {
        ...about,
        c: { callee: '__kvm_handle_hva_range', at: 'KVM_MMU_LOCK(' },
      }),
    ),
  ),
  only('aging', replace('AG.3', firstSpte('now', '..v6.14'))),
  only(
    'aging',
    replace(
      'AG.6',
      step(
        'AG.6',
        {
          ...about,
          c: { callee: '__kvm_handle_hva_range', at: 'KVM_MMU_UNLOCK(' },
          shows: 'write_unlock(&kvm->mmu_lock)',
        },
        {
          does: (kvm, self) => {
            release_mmu_lock(kvm)
            forget(kvm, self)
          },
          to: 'idle',
        },
      ),
    ),
  ),
]

export const agingWithoutMmuLock: Difference = {
  id: 'aging-without-mmu-lock',
  title: 'age SPTEs under the lock bit of their rmap, without mmu_lock',
  since: 'v6.15',
  commit: 'af3b6a9eba48',
  function: 'kvm_age_gfn',
  about:
    'Up to v6.14 the host ages SPTEs under mmu_lock: while the rmap is walked it cannot change and no page is freed, and faults wait. v6.15 read the head of the rmap a second time without the lock (CD1, rmap-head-read-again); v7.2 starts the walk from the value that the lock returned.',
  before: (bounds) =>
    bounds.aging.accessed ? [only('aging', replace(CALL, lockedCall()))] : agingUnderMmuLock,
}
