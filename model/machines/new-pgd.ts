import { type Block, block, step } from '../language/program.ts'
import type { Bounds } from '../memory/bounds.ts'
import type { Kvm } from '../memory/kvm.ts'
import { is_root_usable } from '../memory/shadow-page.ts'
import { CURRENT } from '../memory/mmu.ts'
import { freeRoots } from './free-roots.ts'

const since = 'v5.18..v6.16'
const about = { fn: 'cached_root_find_and_keep_current', since }

/**
 * `kvm_mmu_new_pgd()`: look for a cached root by rotating the previous roots through the current slot. A
 * hit takes no lock at all; a miss frees the root that fell out and leaves root.hpa invalid, so that the
 * next entry loads one (shadow-mmu.md 5.5). Loading the hardware pointer (KVM_REQ_LOAD_MMU_PGD, made by
 * the vCPU of itself) is part of the switch here: it is serviced before the next entry in any case.
 */
export function newPgd(bounds: Bounds): Block<Kvm> {
  const usable = (kvm: Kvm, v: number): boolean => is_root_usable(kvm, kvm.vcpu[v].root, kvm.vcpu[v].cr3)
  return block('NP', [
    step(
      'NP.2',
      {
        ...about,
        shows: (kvm, v) => `is_root_usable(root = ${kvm.vcpu[v].root ?? 'INVALID_PAGE'}) = ${usable(kvm, v)}`,
      },
      bounds.prevRoots > 0
        ? [{ when: usable, to: 'RUN.1' }, {}]
        : [{ when: usable, to: 'RUN.1' }, { to: 'NP.4' }],
    ),
    ...(bounds.prevRoots > 0 ? [swapStep()] : []),
    step(
      'NP.4',
      {
        fn: 'kvm_mmu_new_pgd',
        since,
        shows: (kvm, v) => `miss: kvm_mmu_free_roots(root = ${kvm.vcpu[v].root ?? 'INVALID_PAGE'})`,
      },
      [
        {
          when: (kvm, v) => kvm.vcpu[v].root !== null,
          does: (kvm, v) => kvm.vcpu[v].roots_to_free.add(CURRENT),
        },
        { to: 'RUN.1' },
      ],
    ),
    block('NP.4 free', freeRoots(bounds.vcpus)),
    step('NP.5', { fn: 'kvm_mmu_new_pgd', since, shows: 'return', quiet: true }, { to: 'RUN.1' }),
  ])
}

/** NP.3: swap the current root with prev_roots[i] and test it; one step each, the test reads role.invalid. */
function swapStep() {
  const swapped = (kvm: Kvm, v: number): boolean => {
    const { i, prev_roots, cr3 } = kvm.vcpu[v]
    return is_root_usable(kvm, prev_roots[i], cr3)
  }
  const swap = (kvm: Kvm, v: number): void => {
    const vcpu = kvm.vcpu[v]
    const root = vcpu.root
    vcpu.root = vcpu.prev_roots[vcpu.i]
    vcpu.prev_roots[vcpu.i] = root
  }
  return step<Kvm>(
    'NP.3',
    {
      ...about,
      shows: (kvm, v) => {
        const { i, prev_roots } = kvm.vcpu[v]
        return `swap(root, prev_roots[${i}]); is_root_usable(root = ${prev_roots[i] ?? 'INVALID_PAGE'}) = ${swapped(kvm, v)}`
      },
    },
    [
      {
        when: swapped,
        does: (kvm, v) => {
          swap(kvm, v)
          kvm.vcpu[v].i = 0
        },
        to: 'RUN.1',
      },
      {
        when: (kvm, v) => kvm.vcpu[v].i + 1 < kvm.vcpu[v].prev_roots.length,
        does: (kvm, v) => {
          swap(kvm, v)
          kvm.vcpu[v].i++
        },
        to: 'NP.3',
      },
      {
        does: (kvm, v) => {
          swap(kvm, v)
          kvm.vcpu[v].i = 0
        },
      },
    ],
  )
}
