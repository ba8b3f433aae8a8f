import { drop, move, only, replace } from '../../language/patch.ts'
import { REPLACED } from '../../machines/memslots/memslot-move.ts'
import { endTest, hvaLookup } from '../../machines/notifier/notifier.ts'
import { installMemslots } from '../../machines/primitives/install-memslots.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { slot_found } from '../../memory/memslots/memslot.ts'
import type { Design } from '../design.ts'
import { notReached, violated } from '../expectation.ts'

/**
 * Moving a memslot: what must be zapped at the old gfns before the slot is installed at its new ones?
 */

const MOVE = 'slot-move'
const MMIO = 'slot-delete-mmio'

/** The zap looks up a slot that is gone and oopses; threads that wait for it or its lock are blocked forever. */
const STOPPED = ['no-use-after-free', 'zap-all-can-finish', 'every-access-can-finish']

const isValid = (kvm: Kvm, gfn: number): boolean => slot_found(kvm, gfn) === 'valid'

export const slotMoveDesigns: readonly Design<Kvm>[] = [
  {
    id: 'slot-moved-without-invalid-step',
    aliases: ['F4', 'CVE-2013-4592'],
    title: '..v3.6: install a moved memslot at its new gfns before zapping the old ones',
    status: 'bug',
    kernel: { commit: '12d6e7538e2d', version: '..v3.6', function: '__kvm_set_memory_region' },
    about:
      'A deletion had an INVALID phase, a move had none until 12d6e7538e2d ("perform an invalid memslot step for gpa base change"). A notifier in between looks up the new gfns, whose rmaps are empty, and the host frees a page that an SPTE of an old gfn still maps. The order is the old one, the rest of the model is current: at the time the rmap array moved with the slot, so a notifier did find the SPTE and oopsed where the zap oopses here, in rmap_remove(), which looks up the slot of the old gfn.',
    scenarios: [MOVE],
    patches: [
      only('memslot', drop('SL.2')),
      only('memslot', drop('SL.3')),
      only('memslot', move('SL.5', { after: 'SL.6 wait' })),
    ],
    expect: [
      ...violated(MOVE, 'no-mapping-of-a-lost-page', 'nothing-added-to-an-invalid-slot'),
      ...violated(MOVE, ...STOPPED),
      ...notReached('The slot is never INVALID here.', MOVE, 'notifier-finds-an-invalid-slot'),
    ],
  },
  {
    id: 'slot-zapped-after-the-second-publication',
    aliases: [],
    title: 'zap the slot only after installing the memslots without it',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_set_memslot' },
    about:
      'The INVALID phase stops new mappings, but what was mapped before is still present when the slot can no longer be found: a notifier misses it, and a fault that treats the access as MMIO looks up the slot of the SPTE that it drops.',
    scenarios: [MOVE, MMIO],
    patches: [only('memslot', move('SL.5', { after: 'SL.6 wait' }))],
    expect: [...violated(MOVE, 'no-mapping-of-a-lost-page', ...STOPPED), ...violated(MMIO, ...STOPPED)],
  },
  {
    id: 'invalid-slot-hidden-from-notifiers',
    aliases: [],
    title: 'skip INVALID slots in notifiers',
    status: 'candidate',
    kernel: { version: 'never merged', function: '__kvm_handle_hva_range' },
    about: 'The slot is INVALID before it is zapped, so its SPTEs still map the page.',
    scenarios: [MOVE],
    patches: [
      only('notifier', replace('NS.3', hvaLookup(isValid))),
      only('notifier', replace('NE.1 test', endTest(isValid))),
    ],
    expect: violated(MOVE, 'no-mapping-of-a-lost-page'),
  },
  {
    id: 'slot-moved-during-invalidation',
    aliases: [],
    title: 'install a moved memslot between the start and the end of an invalidation',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_swap_active_memslots' },
    about:
      'The invalidation in progress covers the old gfns. A fault on a new gfn is not retried, and maps the page that is about to be freed. (Before v6.8, when the range of an invalidation was kept as hva and not as gfn, it was retried.)',
    scenarios: [MOVE],
    patches: [only('memslot', replace('SL.6', installMemslots('SL.6', { ...REPLACED, may: () => true })))],
    expect: violated(
      MOVE,
      'no-mapping-of-a-lost-page',
      'no-install-during-invalidation',
      'memslots-are-installed-between-invalidations',
    ),
  },
]
