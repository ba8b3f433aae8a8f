import { type Block, block, type Entry, type Step, step } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { writeLock, writeUnlock } from '../primitives/lock.ts'
import { tdpWalk } from './age-tdp.ts'
import { CALL, nextSlot, report, rmapWalk } from './aging-steps.ts'

const since: ReadIn = '..v6.14'
const about = { fn: 'kvm_handle_hva_range', since } as const

/** Where control goes if a slot has no rmaps. */
type Goto = string

/** `kvm_memslots_have_rmaps()`: the guest has run a nested guest. */
export function haveRmaps(name: string, otherwise: Goto, readIn: ReadIn = since): Step<Kvm> {
  return step(
    name,
    {
      fn: 'kvm_age_gfn',
      since: readIn,
      c: 'kvm_memslots_have_rmaps(',
      shows: (kvm) => `kvm_memslots_have_rmaps() = ${kvm.shadow_root_allocated}`,
    },
    [{ when: (kvm) => !kvm.shadow_root_allocated, to: otherwise }, {}],
  )
}

/** `kvm_handle_hva_range()` with `kvm_age_gfn()`: for each slot rmaps first, then TDP roots, all under mmu_lock. */
export function underMmuLock(): Entry<Kvm>[] {
  return [
    writeLock('LK.lock', 'notifier', {
      ...about,
      c: { callee: '__kvm_handle_hva_range', at: 'KVM_MMU_LOCK(' },
    }),
    haveRmaps('LK.0', 'LK.6'),
    ...rmapWalk('LK', 'mmu_lock'),
    ...tdpWalk('LK.T', 'clears under mmu_lock'),
    nextSlot('LK.next', 'LK.0'),
    writeUnlock('LK.unlock', { ...about, c: { callee: '__kvm_handle_hva_range', at: 'KVM_MMU_UNLOCK(' } }),
  ]
}

/** A call as it is up to v6.14. */
export function lockedCall(): Block<Kvm> {
  return block(CALL, [...underMmuLock(), report()], { fn: 'kvm_mmu_notifier_clear_young' })
}
