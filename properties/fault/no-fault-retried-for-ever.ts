import type { NoSoloCycle } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'

/**
 * A vCPU that waits for a lock takes no steps and so is on no cycle. One that retries during an invalidation
 * waits for the notifier, which the goal allows.
 */
export const noFaultRetriedForEver: NoSoloCycle<Kvm> = {
  kind: 'no-solo-cycle',
  id: 'no-fault-retried-for-ever',
  aliases: ['L-1'],
  title:
    'A vCPU that runs alone does not loop without finishing the guest access or the ioctl that it has begun.',
  when: 'while no other thread takes a step',
  each: 'vcpu',
  reference: 'RET_PF_RETRY; 20a6cff3b283 "Check and free obsolete roots in kvm_mmu_reload()", v6.15',
  consequence: 'The vCPU spins in the kernel, or between guest and kernel, and makes no progress.',
  goal: (kvm, _at, v) =>
    kvm.mmu_invalidate.in_progress > 0 || (kvm.vcpu[v].guest === 'idle' && !kvm.vcpu[v].prefault),
}
