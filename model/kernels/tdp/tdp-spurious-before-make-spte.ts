import { type Patch, replace } from '../../language/patch.ts'
import { arrive, sets_same_spte } from '../../machines/fault/tdp-map.ts'
import type { Bounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { Difference } from '../difference.ts'

/** An SPTE that allows the access is set once more, unless the new value is the same. */
function comparedWithTheNew(bounds: Bounds): readonly Patch<Kvm>[] {
  if (!bounds.tdp.on) return []
  const same = sets_same_spte(bounds)
  return [
    replace('WALK.1', arrive('WALK.1', bounds, true, same)),
    ...(bounds.shadow.levels > 1 ? [replace('WALK.3', arrive('WALK.3', bounds, false, same))] : []),
  ]
}

export const tdpSpuriousBeforeMakeSpte: Difference = {
  id: 'tdp-spurious-before-make-spte',
  title: 'leave an SPTE of the TDP MMU that allows the access alone',
  // Not in 6.12, in 7.2; the mainline version in between was not read.
  since: 'v7.2',
  function: 'tdp_mmu_map_handle_target_level',
  about:
    'In 6.12 the fault makes the SPTE that it would set, and is spurious if it is equal. A read that finds a page write-protected for the dirty log makes it writable again.',
  before: comparedWithTheNew,
}
