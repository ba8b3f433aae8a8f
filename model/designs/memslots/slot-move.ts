import { drop, move, only, replace } from '../../language/patch.ts'
import { installMemslots } from '../../machines/memslots/memslot-delete.ts'
import { REPLACED } from '../../machines/memslots/memslot-move.ts'
import { hvaLookup } from '../../machines/notifier/notifier.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { slot_found } from '../../memory/memslots/memslot.ts'
import type { Design } from '../design.ts'
import { notReached, violated } from '../expectation.ts'

/**
 * Moving a memslot: what has to have gone from the old frames before the slot is at its new place
 * (shadow-mmu.md 6.4; tdp-notifier-requests.md 5.3; bug-catalogue.md F4).
 */

const MOVE = 'slot-move'
const MMIO = 'slot-delete-mmio'

/** The zap looks up a slot that is gone: who waits for it, or for the lock that it holds, waits for ever. */
const STOPPED = ['no-use-after-free', 'zap-all-can-finish', 'every-access-can-finish']

export const slotMoveDesigns: readonly Design<Kvm>[] = [
  {
    id: 'slot-moved-without-invalid-step',
    aliases: ['F4', 'CVE-2013-4592'],
    title: 'a memslot is published at its new place first, and its old frames are zapped second',
    status: 'bug',
    kernel: { commit: '12d6e7538e2d', version: '..v3.6', function: '__kvm_set_memory_region' },
    about:
      'A deletion had its INVALID phase, a move had none ("perform an invalid memslot step for gpa base change"). A notifier that comes in between finds the new frames, on whose rmaps nothing is, and the host frees a page that an SPTE under the old frame maps. The order is the old one and the rest of the model is today’s: then, the rmap array moved along with the slot, so that a notifier did find the SPTE, and stopped where the zap stops here: rmap_remove() looks up the slot of the old frame, and there is none.',
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
    title: 'the slot is INVALID first, but zapped only when the set without it is published',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_set_memslot' },
    about:
      'The INVALID phase alone keeps faults out; what was mapped before it is still there when nobody finds the slot any more: neither a notifier, nor the fault that now takes the access for one to MMIO.',
    scenarios: [MOVE, MMIO],
    patches: [only('memslot', move('SL.5', { after: 'SL.6 wait' }))],
    expect: [
      ...violated(MOVE, 'no-mapping-of-a-lost-page', ...STOPPED),
      ...violated(MMIO, 'rmap-holds-present-sptes', ...STOPPED),
    ],
  },
  {
    id: 'invalid-slot-hidden-from-notifiers',
    aliases: [],
    title: 'a notifier does not handle a slot that is INVALID',
    status: 'candidate',
    kernel: { version: 'never merged', function: '__kvm_handle_hva_range' },
    about: 'The slot is INVALID before it is zapped: its SPTEs are still in use, and lead to the page.',
    scenarios: [MOVE],
    patches: [
      only(
        'notifier',
        replace(
          'NS.3',
          hvaLookup((kvm, gfn) => slot_found(kvm, gfn) === 'valid'),
        ),
      ),
    ],
    expect: violated(MOVE, 'no-mapping-of-a-lost-page'),
  },
  {
    id: 'slot-moved-during-invalidation',
    aliases: [],
    title: 'the slot is published at its new place between the start and the end of an invalidation',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_swap_active_memslots' },
    about:
      'The invalidation in progress is one of the old frames. A fault on a new frame is not held up, and maps the page that is about to go. (Up to v6.8, when invalidations were counted by address and not by frame, it would have been.)',
    scenarios: [MOVE],
    patches: [only('memslot', replace('SL.6', installMemslots('SL.6', { ...REPLACED, may: () => true })))],
    expect: violated(MOVE, 'no-mapping-of-a-lost-page', 'no-install-during-invalidation'),
  },
]
