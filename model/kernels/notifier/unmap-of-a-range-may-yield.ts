import { drop, only, type Patch } from '../../language/patch.ts'
import { has_only_tdp } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { Difference } from '../difference.ts'

/** The walk over the rmaps of a slot keeps mmu_lock. */
export const unmapKeepsTheLock: readonly Patch<Kvm>[] = [
  'NS.5 resched',
  'NS.5 flush',
  'NS.5 hypercall',
  'NS.5 unlock',
  'NS.5 lock',
].map((name) => only('notifier', drop(name)))

export const unmapOfARangeMayYield: Difference = {
  id: 'unmap-of-a-range-may-yield',
  title: 'drop mmu_lock, after a flush, in the walk over the rmaps of a slot that is unmapped',
  since: 'v6.12',
  function: '__walk_slot_rmaps',
  about:
    'Up to v6.11 kvm_handle_gfn_range() walks the rmaps of a range in one section of mmu_lock. (Walks of the TDP MMU drop it in all three kernels.)',
  before: (bounds) => (bounds.notifier.breaks && !has_only_tdp(bounds) ? unmapKeepsTheLock : []),
}
