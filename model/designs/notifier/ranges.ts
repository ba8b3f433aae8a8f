import { unmapKeepsTheLock } from '../../kernels/notifier/unmap-of-a-range-may-yield.ts'
import { drop, only, replace, whereFound } from '../../language/patch.ts'
import { step } from '../../language/program.ts'
import { invalidateBegin } from '../../machines/notifier/notifier.ts'
import { addRange, flushRange, nextSlot } from '../../machines/notifier/range-walk.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { boundsOf } from '../../scenarios/build-scenario.ts'
import { RANGE_OF_TWO_SLOTS, RANGE_ON_HYPERV, RANGE_WITH_BREAKS } from '../../scenarios/notifier/notifiers.ts'
import type { Design } from '../design.ts'
import { notReached, violated } from '../expectation.ts'

/** Events over a range of host addresses: when is what they owe flushed, and when are faults held back? */

const RANGE = RANGE_WITH_BREAKS.id
const HYPERV = RANGE_ON_HYPERV.id
const SLOTS = RANGE_OF_TWO_SLOTS.id

export const rangeDesigns: readonly Design<Kvm>[] = [
  {
    id: 'lock-dropped-in-a-range-without-flush',
    aliases: ['M11'],
    title: 'drop mmu_lock between two rmaps of a range without flushing first',
    status: 'candidate',
    kernel: { version: 'never merged', function: '__walk_slot_rmaps' },
    about:
      'As for write protection (flush_on_yield = false), where only W is lost. Another notifier finds no SPTE of the first frame, does not flush, and the host frees a page that a TLB still maps.',
    scenarios: [RANGE],
    kernels: ['6.12', '7.2'],
    patches: [only('notifier', drop('NS.5 flush'))],
    expect: violated(RANGE, 'no-flush-debt-at-unlock', 'no-mapping-of-a-lost-page'),
  },
  {
    id: 'range-unmapped-in-one-section',
    aliases: [],
    title: '..v6.11: keep mmu_lock while the rmaps of a range are walked',
    status: 'before',
    kernel: { version: '..v6.11', function: 'kvm_unmap_gfn_range' },
    about: 'Safe; faults and other notifiers wait for as long as the walk takes.',
    scenarios: [RANGE, HYPERV],
    kernels: ['6.12', '7.2'],
    patches: whereFound(...unmapKeepsTheLock),
    expect: notReached('mmu_lock is kept.', RANGE, 'range-is-unmapped-in-two-sections'),
  },
  {
    id: 'ranged-flush-of-the-last-frame',
    aliases: [],
    title: 'flush only the frame that the walk is at, before mmu_lock is dropped',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_flush_remote_tlbs_range' },
    about:
      'The flush is owed for all frames since the last one (574c3c55e969 is a range of one page in another place). Only a host that runs on Hyper-V flushes ranges; elsewhere everything is flushed, and the mistake is not seen.',
    scenarios: [HYPERV],
    kernels: ['6.12', '7.2'],
    patches: [
      only(
        'notifier',
        replace(
          'NS.5 hypercall',
          flushRange(boundsOf(RANGE_ON_HYPERV), (kvm, n) => [kvm.notifier[n].gfn as number]),
        ),
      ),
    ],
    expect: violated(HYPERV, 'no-flush-debt-at-unlock', 'no-mapping-of-a-lost-page'),
  },
  {
    id: 'range-added-after-the-unmap',
    aliases: [],
    title: 'hold back faults on a range only after it was unmapped',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_mmu_unmap_gfn_range' },
    about:
      'Harmless while mmu_lock is kept. With a break in the walk, a fault maps the first frame again, and the host then takes the page.',
    scenarios: [RANGE],
    kernels: ['6.12', '7.2'],
    patches: [
      only('notifier', replace('NS.5 slot', addRange(boundsOf(RANGE_WITH_BREAKS), 'no range'))),
      only(
        'notifier',
        replace(
          'NS.6/NS.6 end',
          step<Kvm>(
            'NS.6 end',
            { fn: 'kvm_mmu_invalidate_range_add', shows: 'range += the whole range' },
            {
              does: (kvm, n) => {
                for (const gfn of kvm.notifier[n].in_range ? [1, 2] : [1]) kvm.mmu_invalidate.range.add(gfn)
              },
            },
          ),
        ),
      ),
    ],
    expect: violated(RANGE, 'no-install-during-invalidation', 'no-mapping-of-a-lost-page'),
  },
  {
    id: 'flush-of-the-last-slot-only',
    aliases: [],
    title: 'keep what the handler of the last slot returned: ret = range->handler()',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_handle_hva_range' },
    about: 'If the second slot maps nothing, what the first one owes is never flushed.',
    scenarios: [SLOTS],
    patches: [only('notifier', replace('NS.5 end', nextSlot(boundsOf(RANGE_OF_TWO_SLOTS), 'the last')))],
    expect: violated(SLOTS, 'no-flush-debt-at-unlock', 'no-mapping-of-a-lost-page'),
  },
  {
    id: 'range-of-the-event-added-at-once',
    aliases: [],
    title: '..v6.7: hold back faults on the whole range from the beginning of the event',
    status: 'before',
    kernel: { version: '..v6.7', function: 'kvm_mmu_invalidate_begin' },
    about:
      'Safe. Adding the range slot by slot is so as well, although faults on the second slot are not held back while the first is unmapped: they hold mmu_lock, and the second slot is unmapped afterwards.',
    scenarios: [SLOTS],
    kernels: ['6.12', '7.2'],
    patches: [
      only(
        'notifier',
        replace(
          'NS.4',
          invalidateBegin((kvm, n) => (kvm.notifier[n].in_range ? [1, 2] : [1])),
        ),
      ),
      only('notifier', replace('NS.5 slot', addRange(boundsOf(RANGE_OF_TWO_SLOTS), 'no range'))),
    ],
    expect: [],
  },
]
