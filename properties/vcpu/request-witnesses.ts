import type { Witness } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'

/** KVM_REQUEST_NO_WAKEUP: the sender neither wakes it nor waits for it. */
export const flushFindsASleepingVcpu: Witness<Kvm> = {
  kind: 'witness',
  id: 'flush-finds-a-sleeping-vcpu',
  aliases: [],
  title: 'A vCPU sleeps with a stale translation in its TLB, and the flush that covers it has returned.',
  reference: 'KVM_REQUEST_NO_WAKEUP in KVM_REQ_TLB_FLUSH',
  seen: (kvm) =>
    all(kvm.vcpu).some(
      (v) =>
        kvm.vcpu[v].sleep === 'asleep' &&
        all(kvm.vcpu[v].outdated).some((gva) => kvm.vcpu[v].outdated[gva] === 'a flush was made'),
    ),
}

export const entryIsCancelledWithAnInterrupt: Witness<Kvm> = {
  kind: 'witness',
  id: 'entry-is-cancelled-with-an-interrupt',
  aliases: [],
  title: 'An entry into the guest is given up although an interrupt was to be injected by it.',
  reference: 'cancel_injection in vcpu_enter_guest()',
  seen: (kvm, at) => all(kvm.vcpu).some((v) => at.vcpu[v] === 'RUN.8 cancel' && kvm.vcpu[v].injected),
}

export const entryIsCancelledWithAFlush: Witness<Kvm> = {
  kind: 'witness',
  id: 'entry-is-cancelled-with-a-flush',
  aliases: [],
  title: 'An entry into the guest is given up although VMRUN was to flush the TLB.',
  reference: 'vmcb->control.tlb_ctl, cancel_injection in vcpu_enter_guest()',
  seen: (kvm, at) => all(kvm.vcpu).some((v) => at.vcpu[v] === 'RUN.8 cancel' && kvm.vcpu[v].tlb_ctl),
}

export const hardwareHasAnotherRoot: Witness<Kvm> = {
  kind: 'witness',
  id: 'hardware-has-another-root',
  aliases: [],
  title: 'A vCPU is about to service its requests while the hardware still has another root than mmu->root.',
  reference: 'KVM_REQ_LOAD_MMU_PGD',
  seen: (kvm, at) =>
    all(kvm.vcpu).some((v) => {
      const { hw_root, root } = kvm.vcpu[v]
      return at.vcpu[v] === 'RUN.3' && hw_root.length > 0 && root !== null && hw_root[0] !== root
    }),
}
