import type { Kvm } from '../kvm.ts'

/** `wake_up_process()` by way of `rcuwait_wake_up()`. Returns whether the task was asleep, or about to be. */
export function kvm_vcpu_wake_up(kvm: Kvm, v: number): boolean {
  if (kvm.vcpu[v].sleep !== 'asleep') return false
  kvm.vcpu[v].sleep = 'waiting'
  return true
}

/** `kvm_arch_vcpu_runnable()`: an interrupt is pending. */
export function kvm_arch_vcpu_runnable(kvm: Kvm, v: number): boolean {
  return kvm.vcpu[v].irr || kvm.vcpu[v].injected
}
