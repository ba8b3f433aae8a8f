import { type Block, block, type Case, type Step, step, when } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import type { Bounds } from '../../memory/bounds.ts'
import { forget_fault } from '../../memory/fault/fault.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { srcu_read_lock, srcu_read_unlock } from '../../memory/primitives/srcu.ts'
import { drain } from '../../memory/primitives/store-buffer.ts'
import { root_is_valid, root_name } from '../../memory/roots/mmu.ts'
import { EXIT, PAGE_FAULT, REENTER } from '../hand-over.ts'
import { release_mmu_lock } from '../primitives/lock.ts'
import { serviceRequest } from '../roots/free-obsolete-roots.ts'
import { loadRootPage } from '../roots/load-root.ts'

/** The block of the KVM_PRE_FAULT_MEMORY ioctl. */
export const PREFAULT = 'PREFAULT'

const since: ReadIn = 'v6.11..v7.2'
const about = { fn: 'kvm_arch_vcpu_pre_fault_memory', since }

/** An exit to userspace, which then makes the ioctl for this vCPU instead of KVM_RUN. */
export function exitForPreFault(bounds: Bounds): Step<Kvm>[] {
  if (bounds.fault.prefaults === 0) return []
  return [
    step(
      'exit to userspace',
      { fn: 'guest', since: 'guest', shows: 'an exit that userspace handles' },
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
 * obsolete roots (PRE.1; 20a6cff3b283, v6.15). The ioctl has a section of kvm->srcu to itself, and ends with an error
 * if the memslot is being deleted (PF.8; -EAGAIN since v6.18), for which it would wait forever. The kernel offers the
 * ioctl with TDP only; nothing that is modelled depends on that.
 */
export function preFault(bounds: Bounds): Block<Kvm> {
  const reload = 'kvm_mmu_reload'
  return block(
    PREFAULT,
    [
      step(
        'PRE.exit',
        {
          fn: 'vcpu_run',
          since,
          c: { fn: 'kvm_arch_vcpu_ioctl_run', at: 'kvm_vcpu_srcu_read_unlock(' },
          shows: 'return to userspace: srcu_read_unlock(&kvm->srcu)',
        },
        { does: srcu_read_unlock },
      ),
      step(
        'PRE.0',
        {
          ...about,
          c: { fn: 'kvm_vcpu_pre_fault_memory', at: 'srcu_read_lock(' },
          shows: 'ioctl(KVM_PRE_FAULT_MEMORY): srcu_read_lock(&kvm->srcu)',
        },
        {
          does: (kvm, v) => {
            srcu_read_lock(kvm, v)
            kvm.vcpu[v].prefault = true
          },
        },
      ),
      step('PRE.try', {
        fn: 'kvm_tdp_map_page',
        since,
        c: {
          'v6.12': 'kvm_mmu_do_page_fault(',
          'v7.2': { fn: 'kvm_tdp_page_prefault', at: 'kvm_mmu_do_page_fault(' },
        },
        outOfOrder: 'because a retry of the model loads the root anew; see PRE.try in docs/warts.md',
        shows: 'do { ... } while (r == RET_PF_RETRY)',
        quiet: true,
      }),
      block('PRE.1', serviceRequest(bounds, 'PRE.2', reload)),
      step(
        'PRE.2',
        {
          fn: reload,
          since,
          c: 'root.hpa != INVALID_PAGE',
          shows: (kvm, v) => `root.hpa = ${root_name(kvm, kvm.vcpu[v].root)}`,
          quiet: true,
        },
        [{ when: root_is_valid, to: PAGE_FAULT }, {}],
      ),
      block('PRE.3', loadRootPage(bounds), { fn: reload }),
      step(
        'PRE.4',
        { ...about, c: { none: 'model' }, shows: 'the root is loaded', quiet: true },
        { to: PAGE_FAULT },
      ),
      step(
        'PRE.fixed',
        {
          ...about,
          c: { fn: 'direct_page_fault', at: 'write_unlock(' },
          shows: 'write_unlock(&kvm->mmu_lock)',
        },
        {
          does: (kvm, v) => {
            drain(kvm, v)
            release_mmu_lock(kvm)
            forget_fault(kvm, v)
          },
        },
      ),
      step(
        'PRE.end',
        {
          ...about,
          c: { fn: 'kvm_vcpu_pre_fault_memory', at: 'srcu_read_unlock(' },
          shows: 'the ioctl returns: srcu_read_unlock(&kvm->srcu)',
        },
        {
          does: (kvm, v) => {
            srcu_read_unlock(kvm, v)
            kvm.vcpu[v].prefault = false
          },
        },
      ),
      step(
        'PRE.run',
        {
          fn: 'vcpu_run',
          since,
          c: { fn: 'kvm_arch_vcpu_ioctl_run', at: 'kvm_vcpu_srcu_read_lock(' },
          shows: 'ioctl(KVM_RUN): srcu_read_lock(&kvm->srcu)',
        },
        { does: srcu_read_lock, to: REENTER },
      ),
    ],
    { fn: about.fn },
  )
}

/** PF.14: RET_PF_FIXED ends the loop of the ioctl. Other faults continue. */
export function preFaultDone(): Step<Kvm> {
  return step('PF.14', { ...about, c: { none: 'model' }, shows: 'return RET_PF_FIXED', quiet: true }, [
    { when: (kvm, v) => kvm.vcpu[v].prefault, to: 'PREFAULT/PRE.fixed' },
    {},
  ])
}

/** The ways out of the page fault that lead into the run loop lead elsewhere for the ioctl. */
export function endsPreFault(
  bounds: Bounds,
  { when: cond, does }: Case<Kvm>,
  to: string,
): readonly Case<Kvm>[] {
  return when(bounds.fault.prefaults > 0, {
    when: (kvm: Kvm, v: number) => kvm.vcpu[v].prefault && (cond === undefined || cond(kvm, v)),
    ...(does === undefined ? {} : { does }),
    to,
  })
}
