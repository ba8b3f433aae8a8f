import { drop, move, only, replace } from '../../language/patch.ts'
import { mmioSpte } from '../../machines/fault/mmio.ts'
import { wrapTest } from '../../machines/memslots/memslot-create.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { boundsOf } from '../../scenarios/build-scenario.ts'
import { SLOT_CREATE } from '../../scenarios/memslots/slot-create.ts'
import type { Design } from '../design.ts'
import { vacuous, violated } from '../expectation.ts'

/**
 * The memslot generation in MMIO SPTEs: when does it change, and what must be zapped when it wraps?
 */

const CREATE = 'slot-create-mmio'
const WRAP = 'slot-create-wrap'
const WRAP_SMM = 'slot-create-wrap-smm'

const NOTHING_ZAPPED = 'Nothing is zapped when the generation wraps, so no root becomes obsolete.'

export const mmioGenerationDesigns: readonly Design<Kvm>[] = [
  {
    id: 'generation-bumped-at-publication',
    aliases: [],
    title: 'v3.11..v3.16: change the generation when the new memslots are installed, before the grace period',
    status: 'before',
    kernel: { version: 'v3.11..v3.16', function: 'update_memslots' },
    about:
      'A fault that found no slot in the old memslots tags its MMIO SPTE with the new generation, and the SPTE counts as fresh although the gfn has a slot. Later kernels set an update-in-progress flag in between.',
    scenarios: [CREATE],
    patches: [only('memslot', move('SC.4', { before: 'SC.3' }))],
    expect: violated(CREATE, 'mmio-spte-is-fresh'),
  },
  {
    id: 'update-in-progress-not-tested',
    aliases: [],
    title: 'accept MMIO SPTEs while a memslot update is in progress',
    status: 'control',
    kernel: { version: 'never merged', function: 'check_mmio_spte' },
    about:
      'Safe: accesses may be emulated as MMIO until the ioctl has returned, and then the generation differs.',
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
    title: '..v5.0: zap old MMIO SPTEs after storing the wrapped generation, not before',
    status: 'bug',
    kernel: { commit: '152482580a1b', version: '..v5.0', function: 'install_new_memslots' },
    about:
      'The generation was stored first and kvm_arch_memslots_updated() was called second. In between, an MMIO SPTE from before the wrap has the current generation: the gfn has a slot by now, and accesses to it are emulated. 152482580a1b ("Call kvm_arch_memslots_updated() before updating memslots", v5.1) passes the new generation to the function instead.',
    scenarios: [WRAP, WRAP_SMM],
    patches: [only('memslot', move('SC.4 updated', { after: 'SC.4' }))],
    expect: [...violated(WRAP, 'mmio-spte-is-fresh'), ...violated(WRAP_SMM, 'mmio-spte-is-fresh')],
  },
  {
    id: 'wrap-tested-with-the-address-space-bit',
    aliases: ['F2'],
    title: 'v4.2..v5.0: detect the wrap by generation 0, without masking the bit of the address space',
    status: 'bug',
    kernel: { commit: 'e1359e2beb8b', version: 'v4.2..v5.0', function: 'kvm_mmu_invalidate_mmio_sptes' },
    about:
      'Correct in the first address space, but never true in the second (SMM), whose generations are odd: its MMIO SPTEs from before the wrap are not zapped and count as fresh. Fixed by e1359e2beb8b ("Detect MMIO generation wrap in any address space", v5.1).',
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
    title: 'do not zap MMIO SPTEs when the generation wraps',
    status: 'candidate',
    kernel: { version: 'never merged', function: 'kvm_arch_memslots_updated' },
    about: 'After a wrap the generation alone cannot tell old MMIO SPTEs from new ones.',
    scenarios: [WRAP],
    patches: [only('memslot', drop('SC.4 updated'))],
    expect: [...violated(WRAP, 'mmio-spte-is-fresh'), ...vacuous(NOTHING_ZAPPED, WRAP, 'no-stale-root-used')],
  },
]
