import type { Kvm } from '../kvm.ts'

/** `srcu_read_lock(&kvm->srcu)` of a vCPU. */
export function srcu_read_lock(kvm: Kvm, v: number): void {
  if (v < kvm.vcpu_in_srcu.length) kvm.vcpu_in_srcu[v] = true
}

/** `srcu_read_unlock(&kvm->srcu)` of a vCPU, which ends the wait of a grace period for it. */
export function srcu_read_unlock(kvm: Kvm, v: number): void {
  if (v >= kvm.vcpu_in_srcu.length) return
  kvm.vcpu_in_srcu[v] = false
  kvm.memslot[0].vcpu_readers.delete(v)
}

/** `srcu_read_lock(&kvm->srcu)` of a notifier. */
export function notifier_srcu_read_lock(kvm: Kvm, n: number): void {
  if (n < kvm.notifier_in_srcu.length) kvm.notifier_in_srcu[n] = true
}

/** `srcu_read_unlock(&kvm->srcu)` of a notifier. */
export function notifier_srcu_read_unlock(kvm: Kvm, n: number): void {
  if (n >= kvm.notifier_in_srcu.length) return
  kvm.notifier_in_srcu[n] = false
  kvm.memslot[0].notifier_readers.delete(n)
}
