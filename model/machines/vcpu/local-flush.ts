import { type Entry, inFunction, step } from '../../language/program.ts'
import type { ReadIn } from '../../language/versions.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { flush_tlb, flush_tlb_root } from '../../memory/vcpu/tlb.ts'

const since: ReadIn = 'v6.1..v7.2'

const pending = (kvm: Kvm, v: number): boolean => kvm.vcpu[v].requests.has('TLB_FLUSH_CURRENT')

/** The root whose context is flushed. */
export type Context = (kvm: Kvm, v: number) => number | null

/** That of `mmu->root.hpa` (7.2.13 vmx.c, vmx_flush_tlb_current()). */
const current: Context = (kvm, v) => kvm.vcpu[v].root

/**
 * RUN.4 current: KVM_REQ_TLB_FLUSH_CURRENT, which a vCPU makes to itself only. It comes after KVM_REQ_LOAD_MMU_PGD: the
 * context that is flushed is that of the root which was loaded.
 */
export function flushCurrent(context: Context = current): Entry<Kvm>[] {
  return inFunction(
    'vcpu_enter_guest',
    step<Kvm>(
      'RUN.4 current',
      {
        fn: 'kvm_service_local_tlb_flush_requests',
        since,
        c: 'kvm_check_request(KVM_REQ_TLB_FLUSH_CURRENT',
        shows: (kvm, v) => `kvm_check_request(TLB_FLUSH_CURRENT) = ${pending(kvm, v)}`,
        quiet: (kvm, v) => !pending(kvm, v),
        fused: 'Only this vCPU makes the request, and only its own CPU uses the TLB.',
      },
      [
        {
          when: pending,
          does: (kvm, v) => {
            kvm.vcpu[v].requests.delete('TLB_FLUSH_CURRENT')
            flush_tlb_root(kvm, v, context(kvm, v))
          },
        },
        {},
      ],
    ),
  )
}

/** RUN.8 vmrun: VMRUN flushes the TLB if the VMCB says so, and KVM resets the order after the exit. */
export function flushAtEntry(): Entry<Kvm>[] {
  return inFunction(
    'vcpu_enter_guest',
    step<Kvm>(
      'RUN.8 vmrun',
      {
        fn: 'svm_vcpu_run',
        since,
        c: 'TLB_CONTROL_DO_NOTHING',
        shows: (kvm, v) => (kvm.vcpu[v].tlb_ctl ? 'VMRUN flushes the TLB (tlb_ctl)' : 'VMRUN'),
        quiet: (kvm, v) => !kvm.vcpu[v].tlb_ctl,
        fused: 'The guest does not see tlb_ctl; KVM sets it for the next entry only.',
      },
      {
        does: (kvm, v) => {
          if (kvm.vcpu[v].tlb_ctl) flush_tlb(kvm, v)
          kvm.vcpu[v].tlb_ctl = false
        },
      },
    ),
  )
}
