import { type Block, block, type Case, step } from '../../language/program.ts'
import type { Kvm } from '../../memory/kvm.ts'
import { srcu_read_lock } from '../../memory/primitives/srcu.ts'
import { drain } from '../../memory/primitives/store-buffer.ts'

const about = {
  fn: 'vcpu_enter_guest',
  since: 'v5.18..v7.2',
  c: 'vcpu->mode = OUTSIDE_GUEST_MODE',
  shows: 'vcpu->mode = OUTSIDE_GUEST_MODE, IRQs enabled',
} as const

/** `vcpu->mode = OUTSIDE_GUEST_MODE`, IRQs enabled, `srcu_read_lock()`. */
export function leave_guest_mode(kvm: Kvm, v: number): void {
  drain(kvm, v)
  kvm.vcpu[v].mode = 'OUTSIDE_GUEST_MODE'
  kvm.vcpu[v].ipi = false
  srcu_read_lock(kvm, v)
}

/**
 * RUN.10: a VM-exit, and the block that handles it. The CPU leaves the guest before vcpu->mode changes; a sender of
 * a request may read the mode in between.
 * @param cases conditions under which another block handles it.
 */
export function exit(name: string, to: string, ...cases: readonly Case<Kvm>[]): Block<Kvm> {
  const does = leave_guest_mode
  return block(name, [step('RUN.10', about, [...cases.map((c) => ({ ...c, does })), { does, to }])])
}
