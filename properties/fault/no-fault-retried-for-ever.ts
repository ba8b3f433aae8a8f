import type { NoSoloCycle } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'

/**
 * A vCPU that waits for somebody else's lock does not move, so that it is no cycle; one that retries while
 * the host takes pages away waits for the notifier's end.
 */
export const noFaultRetriedForEver: NoSoloCycle<Kvm> = {
  kind: 'no-solo-cycle',
  id: 'no-fault-retried-for-ever',
  aliases: ['L-1'],
  title:
    'No vCPU that is left alone goes on for ever without finishing the access, or the ioctl, that it has begun.',
  when: 'while no other thread moves',
  each: 'vcpu',
  reference: 'RET_PF_RETRY; 20a6cff3b283 "Check and free obsolete roots in kvm_mmu_reload()", v6.15',
  consequence: 'The vCPU spins in the kernel, or between guest and kernel, and never gets anywhere.',
  goal: (kvm, _at, v) =>
    kvm.mmu_invalidate.in_progress > 0 || (kvm.vcpu[v].guest === 'idle' && !kvm.vcpu[v].prefault),
}
