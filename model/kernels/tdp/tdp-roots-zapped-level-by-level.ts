import { type Patch, replace } from '../../language/patch.ts'
import { zapRoot } from '../../machines/tdp/zap-root.ts'
import type { Bounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { Difference } from '../difference.ts'

/** 1G and the root: of up to three levels, that of the root is the only one. */
function rootOnly(bounds: Bounds): readonly Patch<Kvm>[] {
  return bounds.tdp.on
    ? [
        replace(
          'ZI.4',
          zapRoot('ZI.4', bounds, (levels) => [levels]),
        ),
      ]
    : []
}

export const tdpRootsZappedLevelByLevel: Difference = {
  id: 'tdp-roots-zapped-level-by-level',
  title: 'zap a root of the TDP MMU at 4K and 2M before 1G and the root',
  since: 'v6.9',
  commit: '8ca983631f3c',
  function: 'tdp_mmu_zap_root',
  about: 'Up to v6.8 whole subtrees below 1G are frozen without a place to yield.',
  before: rootOnly,
}
