import { type Block, block, type Step, step } from '../../language/program.ts'
import type { Bounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { root_is_valid, root_name } from '../../memory/roots/mmu.ts'
import { EXIT, PAGE_FAULT } from '../hand-over.ts'
import { serviceRequest } from '../roots/free-obsolete-roots.ts'
import { loadRootPage } from '../roots/load-root.ts'

/** The block of the KVM_PRE_FAULT_MEMORY ioctl. */
export const PREFAULT = 'PREFAULT'

const since = 'v6.11..v6.16'
const about = { fn: 'kvm_arch_vcpu_pre_fault_memory', since }

/** An exit to userspace, which then makes the ioctl for this vCPU instead of KVM_RUN. */
export function exitForPreFault(bounds: Bounds): Step<Kvm>[] {
  if (bounds.fault.prefaults === 0) return []
  return [
    step(
      'exit to userspace',
      { fn: 'guest', since: 'x86', shows: 'an exit that userspace handles' },
      {
        when: (kvm, v) => kvm.vcpu[v].guest === 'idle' && kvm.vcpu[v].prefaults_left > 0,
        does: (kvm, v) => {
          kvm.vcpu[v].prefaults_left--
        },
        to: EXIT.userspace,
      },
    ),
  ]
}

/**
 * KVM_PRE_FAULT_MEMORY, the second caller of the fault path. It retries while the fault returns RET_PF_RETRY,
 * without passing through vcpu_enter_guest(). Therefore kvm_mmu_reload() itself services the request to drop
 * obsolete roots (PRE.1; 20a6cff3b283, v6.15). The kernel offers the ioctl with TDP only; nothing that is modelled
 * depends on that.
 */
export function preFault(bounds: Bounds): Block<Kvm> {
  const reload = 'kvm_mmu_reload'
  return block(
    PREFAULT,
    [
      step(
        'PRE.0',
        { ...about, shows: 'ioctl(KVM_PRE_FAULT_MEMORY)' },
        {
          does: (kvm, v) => {
            kvm.vcpu[v].prefault = true
          },
        },
      ),
      step('PRE.try', {
        fn: 'kvm_tdp_map_page',
        since,
        shows: 'do { ... } while (r == RET_PF_RETRY)',
        quiet: true,
      }),
      block('PRE.1', serviceRequest(bounds, 'PRE.2', reload)),
      step(
        'PRE.2',
        {
          fn: reload,
          since,
          shows: (kvm, v) => `root.hpa = ${root_name(kvm, kvm.vcpu[v].root)}`,
          quiet: true,
        },
        [{ when: root_is_valid, to: PAGE_FAULT }, {}],
      ),
      block('PRE.3', loadRootPage(bounds), { fn: reload }),
      step('PRE.4', { ...about, shows: 'the root is loaded', quiet: true }, { to: PAGE_FAULT }),
    ],
    { fn: about.fn },
  )
}

/** PF.14: RET_PF_FIXED ends the loop of the ioctl. */
export function preFaultDone(): Step<Kvm> {
  return step(
    'PF.14',
    { ...about, shows: 'return RET_PF_FIXED', quiet: true },
    {
      does: (kvm, v) => {
        kvm.vcpu[v].prefault = false
      },
    },
  )
}
