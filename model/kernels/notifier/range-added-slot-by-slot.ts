import { only, replace } from '../../language/patch.ts'
import { invalidateBegin } from '../../machines/notifier/notifier.ts'
import { addRange } from '../../machines/notifier/range-walk.ts'
import { frames_of } from '../../memory/notifier/range.ts'
import type { Difference } from '../difference.ts'

export const rangeAddedSlotBySlot: Difference = {
  id: 'range-added-slot-by-slot',
  title: 'add the frames of each slot to the invalidated range before the slot is unmapped',
  since: 'v6.8',
  function: 'kvm_mmu_unmap_gfn_range',
  about:
    'Up to v6.7 the range is that of the whole event, by address of user memory, and is set when the invalidation begins.',
  before: (bounds) =>
    bounds.notifier.range.length === 0
      ? []
      : [
          only(
            'notifier',
            replace(
              'NS.4',
              invalidateBegin((kvm, n) => frames_of(kvm, n, bounds)),
            ),
          ),
          only('notifier', replace('NS.5 slot', addRange(bounds, 'no range'))),
        ],
}
