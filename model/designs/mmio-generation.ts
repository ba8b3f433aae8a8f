import { move, only, replace } from '../language/patch.ts'
import { mmioSpte } from '../machines/mmio.ts'
import type { Kvm } from '../memory/kvm.ts'
import { boundsOf } from '../scenarios/build-scenario.ts'
import { SLOT_CREATE } from '../scenarios/slot-create.ts'
import type { Design } from './design.ts'
import { violated } from './expectation.ts'

/** The generation that MMIO SPTEs are tagged with, and when it changes (tdp-notifier-requests.md 5.5). */

const CREATE = 'slot-create-mmio'

export const mmioGenerationDesigns: readonly Design<Kvm>[] = [
  {
    id: 'generation-bumped-at-publication',
    aliases: [],
    title: 'the generation changes when the new set of memslots is published, before its grace period',
    status: 'before',
    kernel: { version: 'v3.11..v3.16', function: 'update_memslots' },
    about:
      'A fault that found no slot in the old set tags its MMIO SPTE with the generation of the new one, which then counts as fresh although the frame has memory. Two changes, and the flag in between, came later.',
    scenarios: [CREATE],
    patches: [only('memslot', move('SC.4', { before: 'SC.3' }))],
    expect: violated(CREATE, 'mmio-spte-is-fresh'),
  },
  {
    id: 'update-in-progress-not-tested',
    aliases: [],
    title: 'MMIO SPTEs are honoured while an update is in progress',
    status: 'control',
    kernel: { version: 'never merged', function: 'check_mmio_spte' },
    about:
      'Accesses may be emulated while the new slot is being published, which is allowed: the ioctl has not returned. Afterwards the generation differs.',
    scenarios: [CREATE],
    patches: [
      replace(
        'PF.1',
        mmioSpte(boundsOf(SLOT_CREATE), (kvm, gen) => gen === kvm.memslots.generation),
      ),
    ],
    expect: [],
  },
]
