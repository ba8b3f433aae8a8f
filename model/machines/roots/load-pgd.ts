import { type Entry, inFunction, step } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import { type Bounds, watched } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { current_root_name, root_is_valid } from '../../memory/roots/mmu.ts'
import { LOAD_PGD, REENTER } from '../hand-over.ts'

const since: ReadIn = 'v5.18..v7.2'

const pending = (kvm: Kvm, v: number): boolean => kvm.vcpu[v].requests.has('LOAD_MMU_PGD')

/** `kvm_mmu_load_pgd()`: the hardware walks the current root from the next entry on; nothing without a root. */
function kvm_mmu_load_pgd(kvm: Kvm, v: number): void {
  if (root_is_valid(kvm, v)) kvm.vcpu[v].hw_root[0] = kvm.vcpu[v].root
}

/** RUN.3: KVM_REQ_LOAD_MMU_PGD, which a vCPU makes to itself when it finds a cached root. */
export function handleLoadPgd(): Entry<Kvm>[] {
  return inFunction(
    'vcpu_enter_guest',
    step<Kvm>(
      LOAD_PGD,
      {
        fn: 'vcpu_enter_guest',
        since,
        c: 'kvm_check_request(KVM_REQ_LOAD_MMU_PGD,',
        shows: (kvm, v) =>
          `kvm_check_request(LOAD_MMU_PGD) = ${pending(kvm, v)}${pending(kvm, v) ? `: load ${current_root_name(kvm, kvm.vcpu[v].root)}` : ''}`,
        quiet: (kvm, v) => !pending(kvm, v),
        fused: 'Only this vCPU makes the request, and only its own CPU reads the register.',
      },
      [
        {
          when: pending,
          does: (kvm, v) => {
            kvm.vcpu[v].requests.delete('LOAD_MMU_PGD')
            kvm_mmu_load_pgd(kvm, v)
          },
        },
        {},
      ],
    ),
  )
}

/** LOAD.6: a root that was just built is loaded at once. */
export function loadPgd(): Entry<Kvm> {
  return step<Kvm>(
    'LOAD.6',
    {
      fn: 'kvm_mmu_load',
      since,
      c: 'kvm_mmu_load_pgd(',
      shows: (kvm, v) => `load ${current_root_name(kvm, kvm.vcpu[v].root)}`,
    },
    { does: kvm_mmu_load_pgd },
  )
}

/**
 * NP.7: a cached root was found. Its page directory is loaded before the next entry; with flush_on_reuse it is synced,
 * and what the TLB holds of it is flushed, too.
 */
export function requestLoadPgd(bounds: Bounds): Entry<Kvm> {
  const { flushOnReuse } = bounds.requests
  const fn = 'kvm_mmu_new_pgd'
  return step<Kvm>(
    'NP.7',
    {
      fn,
      since,
      c: 'kvm_make_request(KVM_REQ_LOAD_MMU_PGD,',
      shows: `requests |= LOAD_MMU_PGD${flushOnReuse ? ', TLB_FLUSH_CURRENT' : ''}`,
      fused: 'Only this vCPU tests these requests, and it does so before it enters the guest again.',
    },
    {
      does: (kvm, v) => {
        const { requests, tlb, outdated, root } = kvm.vcpu[v]
        requests.add('LOAD_MMU_PGD')
        if (!flushOnReuse) return
        if (watched(bounds)) requests.add('MMU_SYNC')
        requests.add('TLB_FLUSH_CURRENT')
        for (let gva = 0; gva < outdated.length; gva++)
          if (tlb[gva].root === root && tlb[gva].pfn !== null) outdated[gva] = 'a flush was made'
      },
      to: REENTER,
    },
  )
}
