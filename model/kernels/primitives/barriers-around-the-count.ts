import { drop, type Patch } from '../../language/patch.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { Difference } from '../difference.ts'

/** Neither side has a barrier between its store and its load. */
export const noBarriersAroundTheCount: readonly Patch<Kvm>[] = [drop('GET.8'), drop('TR.2')]

export const barriersAroundTheCount: Difference = {
  id: 'barriers-around-the-count',
  title:
    'put full barriers between counting a shadowed table and reading it, and between a store and the count',
  since: 'v6.9',
  function: 'kvm_mmu_track_write',
  about:
    'Up to v6.8 account_shadowed() and the handler of emulated stores have no barrier: both stores may wait in store buffers while both loads run ahead (track-write-without-barriers).',
  before: () => noBarriersAroundTheCount,
}
