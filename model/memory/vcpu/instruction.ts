import type { Kvm } from '../kvm.ts'
import { note_refused_again, note_repaired } from '../shadow/hint-debt.ts'

/** Ends the instruction in progress: it has completed, or the guest gets an exception. */
export function finish_instruction(kvm: Kvm, vcpu: number): void {
  kvm.vcpu[vcpu].guest = 'idle'
  kvm.vcpu[vcpu].prefault = false
  kvm.vcpu[vcpu].gva = 0
  kvm.vcpu[vcpu].pte_write = 0
  note_repaired(kvm, vcpu)
  if (!kvm.vcpu[vcpu].unemulatable) return
  kvm.vcpu[vcpu].unemulatable = false
  // After the last such store, which was retried is not read any more: reset it to save states.
  if (kvm.vcpu[vcpu].unemulatable_stores_left === 0) forget_retry(kvm, vcpu)
}

/** `vcpu->arch.last_retry_eip = 0`: no instruction counts as retried. */
export function forget_retry(kvm: Kvm, v: number): void {
  kvm.vcpu[v].last_retry = 0
  kvm.vcpu[v].stopped_by = null
  kvm.vcpu[v].shadowed_again = false
}

/** Whether the instruction in progress is the one that was retried last, at the same address. */
export function is_retried(kvm: Kvm, v: number): boolean {
  return kvm.vcpu[v].last_retry === kvm.vcpu[v].gva + 1
}

/** Records (history, until the instruction ends) that a store was refused because its frame is protected. */
export function note_refusal(kvm: Kvm, v: number, gfn: number): void {
  note_refused_again(kvm, v)
  const vcpu = kvm.vcpu[v]
  if (!vcpu.unemulatable || is_retried(kvm, v)) return
  vcpu.stopped_by = gfn
  vcpu.shadowed_again = false
}
