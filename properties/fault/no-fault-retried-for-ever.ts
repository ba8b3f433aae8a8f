import type { NoSoloCycle } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'

/**
 * A vCPU that waits for a lock takes no steps and so is on no cycle. One that retries during an invalidation, or
 * because the slot is INVALID, waits for the thread that ends it, which the goal allows. So does one that meets an MMIO
 * SPTE while memslots are updated: SET.1 leaves the access to the next fault, where the kernel emulates it at once. An exit for an interrupt is
 * neither progress nor a fault: a guest that is interrupted again and again retries nothing.
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
  goal: (kvm, at, v) => {
    const { fault, guest, prefault } = kvm.vcpu[v]
    if (guest === 'idle' && !prefault) return true
    if (kvm.mmu_invalidate.in_progress > 0 || fault.slot === 'invalid') return true
    if (kvm.memslots.update_in_progress) return true
    return at.vcpu[v].startsWith('exit: interrupt/')
  },
}
