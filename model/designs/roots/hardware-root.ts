import { drop, replace } from '../../language/patch.ts'
import { step } from '../../language/program.ts'
import { REENTER } from '../../machines/hand-over.ts'
import { flushCurrent } from '../../machines/vcpu/local-flush.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { Design } from '../design.ts'
import { violated } from '../expectation.ts'

/** The root that the hardware has, which is not always mmu->root: when is it loaded, and whose context is flushed? */

const ROOT = 'hardware-root'
const REUSE = 'flush-on-reuse'

export const hardwareRootDesigns: readonly Design<Kvm>[] = [
  {
    id: 'pgd-request-forgotten',
    aliases: [],
    title: 'do not make KVM_REQ_LOAD_MMU_PGD when a cached root is found',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_mmu_new_pgd' },
    about:
      'The guest has switched, KVM has switched, and the CPU still walks the old root: the guest reaches the memory of the address space that it left, and faults are fixed in tables that nothing walks.',
    scenarios: [ROOT, REUSE],
    patches: [
      replace(
        'NP.7',
        step('NP.7', { fn: 'kvm_mmu_new_pgd', shows: 'no request', quiet: true }, { to: REENTER }),
      ),
    ],
    expect: [
      ...violated(ROOT, 'hardware-walks-the-current-root', 'no-use-after-free', 'every-access-can-finish'),
      ...violated(REUSE, 'hardware-walks-the-current-root', 'every-access-can-finish'),
    ],
  },
  {
    id: 'new-root-not-loaded',
    aliases: [],
    title: 'load the root that kvm_mmu_load() has built with the next request only',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_mmu_load' },
    about: 'No such request is made: the CPU walks the root that was dropped, and that may have been freed.',
    scenarios: [ROOT],
    patches: [drop('LOAD.6')],
    expect: violated(ROOT, 'hardware-walks-the-current-root', 'every-access-can-finish'),
  },
  {
    id: 'reused-context-not-flushed',
    aliases: [],
    title: 'clear KVM_REQ_TLB_FLUSH_CURRENT without flushing',
    status: 'control',
    kernel: { version: 'never merged', function: 'kvm_service_local_tlb_flush_requests' },
    about: 'What was cached below the root when it was used last is used again.',
    scenarios: [REUSE],
    patches: [replace('RUN.4 current', ...flushCurrent(() => null))],
    expect: violated(REUSE, 'no-translation-from-before-a-flush'),
  },
]
