import { drop, move, only, replace } from '../../language/patch.ts'
import { mmioSpte } from '../../machines/fault/mmio.ts'
import { wrapTest } from '../../machines/memslots/memslot-create.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { boundsOf } from '../../scenarios/build-scenario.ts'
import { SLOT_CREATE } from '../../scenarios/memslots/slot-create.ts'
import type { Design } from '../design.ts'
import { vacuous, violated } from '../expectation.ts'

/**
 * The generation that MMIO SPTEs are tagged with, when it changes, and what has to be done when it begins anew
 * (tdp-notifier-requests.md 5.5; bug-catalogue.md F1, F2).
 */

const CREATE = 'slot-create-mmio'
const WRAP = 'slot-create-wrap'
const WRAP_SMM = 'slot-create-wrap-smm'

const NOTHING_ZAPPED = 'Nothing is zapped when the generation wraps, so that no root becomes obsolete.'

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
    scenarios: [CREATE, WRAP],
    patches: [
      replace(
        'PF.1',
        mmioSpte(boundsOf(SLOT_CREATE), (kvm, gen) => gen === kvm.memslots.generation),
      ),
    ],
    expect: [],
  },
  {
    id: 'wrapped-generation-published-before-the-zap',
    aliases: ['F1'],
    title: 'MMIO SPTEs of the last turn are zapped after the generation has wrapped, not before',
    status: 'bug',
    kernel: { commit: '152482580a1b', version: '..v5.0', function: 'install_new_memslots' },
    about:
      'The generation was stored first and kvm_arch_memslots_updated() called second. In between, an MMIO SPTE that is one turn old has the current generation: the frame has memory by now, and accesses to it are emulated. 152482580a1b ("Call kvm_arch_memslots_updated() before updating memslots", v5.1) hands the function the generation that is going to be.',
    scenarios: [WRAP, WRAP_SMM],
    patches: [only('memslot', move('SC.4 updated', { after: 'SC.4' }))],
    expect: [...violated(WRAP, 'mmio-spte-is-fresh'), ...violated(WRAP_SMM, 'mmio-spte-is-fresh')],
  },
  {
    id: 'wrap-tested-with-the-address-space-bit',
    aliases: ['F2'],
    title: 'the generation counts as wrapped when it is 0, the bit of the address space included',
    status: 'bug',
    kernel: { commit: 'e1359e2beb8b', version: 'v4.2..v5.0', function: 'kvm_mmu_invalidate_mmio_sptes' },
    about:
      'Right in the first address space, and never true in the second (that of SMM), whose generations are odd: its MMIO SPTEs of the last turn are not zapped, and count. e1359e2beb8b ("Detect MMIO generation wrap in any address space", v5.1).',
    scenarios: [WRAP, WRAP_SMM],
    patches: [
      only(
        'memslot',
        replace(
          'SC.4 wrap',
          wrapTest((gen) => gen === 0),
        ),
      ),
    ],
    expect: [
      ...violated(WRAP_SMM, 'mmio-spte-is-fresh'),
      ...vacuous(NOTHING_ZAPPED, WRAP_SMM, 'no-stale-root-used'),
    ],
  },
  {
    id: 'mmio-sptes-kept-at-the-wrap',
    aliases: [],
    title: 'nothing is zapped when the generation wraps',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_arch_memslots_updated' },
    about: 'The generation does not tell one turn from the next; only the zap does.',
    scenarios: [WRAP],
    patches: [only('memslot', drop('SC.4 updated'))],
    expect: [...violated(WRAP, 'mmio-spte-is-fresh'), ...vacuous(NOTHING_ZAPPED, WRAP, 'no-stale-root-used')],
  },
]
