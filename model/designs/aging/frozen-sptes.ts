import { only, replace } from '../../language/patch.ts'
import { clearAccessed } from '../../machines/aging/age-tdp.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { Design } from '../design.ts'
import { violated } from '../expectation.ts'

/** Aging without mmu_lock meets an SPTE of the TDP MMU that a fault has frozen since it was read. */

const FROZEN = 'aging-frozen'

export const frozenSpteDesigns: readonly Design<Kvm>[] = [
  {
    id: 'frozen-spte-aged',
    aliases: ['CD2', '3.10'],
    title: 'after v6.12, not in v7.2: take the Accessed bit from a TDP SPTE by an unconditional atomic AND',
    status: 'candidate',
    kernel: { version: 'after v6.12, before v7.2.13', function: 'kvm_tdp_mmu_age_spte' },
    about:
      'FROZEN_SPTE (0x5a0) has bits 5 and 8 set, the Accessed bits of NPT and EPT. If a fault unlinks the table and freezes the entry after aging has read it, the AND changes the frozen value into one that is not recognised as frozen, and a fault that is still in the table may set it. Found by reading and by this model, not seen on a real machine, and not confirmed by a maintainer. Frozen entries of direct roots are in unlinked tables only, so no vCPU can use what is set there and nothing is freed too early; what is left is a fault that is reported as fixed and is not. v7.2.13 uses a cmpxchg, which fails.',
    scenarios: [FROZEN],
    kernels: ['7.2'],
    patches: [only('aging', replace('AG.T2', clearAccessed('AG.T2', 'and-not')))],
    expect: violated(
      FROZEN,
      'aging-changes-the-accessed-bit-only',
      'frozen-spte-stays-frozen',
      'freed-tdp-page-maps-nothing',
    ),
  },
  {
    id: 'frozen-spte-without-accessed-bits',
    aliases: ['3.9'],
    title: 'as frozen-spte-aged, with a frozen value that has no Accessed bit set',
    status: 'rejected',
    kernel: { version: 'never merged', function: 'kvm_tdp_mmu_age_spte' },
    about:
      'Proposed in August 2024 ("Free up A/D bits in FROZEN_SPTE", with 0x498): the AND leaves such a value as it is.',
    scenarios: [FROZEN],
    kernels: ['7.2'],
    patches: [only('aging', replace('AG.T2', clearAccessed('AG.T2', 'and-not', false)))],
    expect: [],
  },
]
