import { only, type Patch, replace } from '../../language/patch.ts'
import { zapLeaf } from '../../machines/tdp/unmap.ts'
import { zapLeafInRange } from '../../machines/tdp/unmap-range.ts'
import type { Bounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { Difference } from '../difference.ts'

/** Every SPTE that is zapped owes a flush. */
function flushedBelowInvalidRoots({ tdp, notifier }: Bounds): readonly Patch<Kvm>[] {
  if (!tdp.on || notifier.threads === 0) return []
  if (notifier.range.length > 0)
    return [
      only(
        'notifier',
        replace(
          'NS.5 tdp',
          zapLeafInRange(() => true),
        ),
      ),
    ]
  return [
    only(
      'notifier',
      replace(
        'NS.5 tdp',
        zapLeaf(
          (kvm, n) => kvm.notifier[n].gfn as number,
          (kvm, n) => {
            kvm.notifier[n].flush = true
          },
          'all',
          () => true,
        ),
      ),
    ),
  ]
}

export const tdpInvalidRootsOweNoFlush: Difference = {
  id: 'tdp-invalid-roots-owe-no-flush',
  title: 'do not flush for leaf SPTEs that were zapped below an invalid root of the TDP MMU',
  since: 'v6.9',
  commit: 'fcdffe97f80e',
  function: 'tdp_mmu_zap_leafs',
  about:
    'Up to v6.8 a notifier flushes for every leaf that it zaps, although no vCPU is in the guest on an invalid root.',
  before: flushedBelowInvalidRoots,
}
