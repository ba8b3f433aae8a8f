import { move, type Patch } from '../../language/patch.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { Difference } from '../difference.ts'

/** SET.1 before SET.2. */
export const mmioSpteStoredFirst: readonly Patch<Kvm>[] = [move('SET.1', { before: 'SET.2' })]

export const oldSpteDroppedBeforeMmio: Difference = {
  id: 'old-spte-dropped-before-mmio',
  title: 'drop a present SPTE before an MMIO SPTE is stored in its place',
  since: 'v7.0',
  backports: ['v6.1.192', 'v6.12.117'],
  commit: 'aad885e77496',
  function: 'mmu_set_spte',
  about: 'CVE-2026-23401: mmio-spte-over-a-present-one.',
  before: () => mmioSpteStoredFirst,
}
