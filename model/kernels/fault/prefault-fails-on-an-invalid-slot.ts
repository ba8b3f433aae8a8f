import { type Patch, replace } from '../../language/patch.ts'
import { slotTest } from '../../machines/fault/fault-slot.ts'
import { PREFAULT_AGAIN } from '../../machines/hand-over.ts'
import type { Bounds } from '../../memory/bounds.ts'
import type { Kvm } from '../../memory/kvm.ts'
import type { Difference } from '../difference.ts'

/** PF.8: the ioctl tries again inside its section of kvm->srcu, as if it were on its way to the guest. */
function triedAgain(bounds: Bounds): readonly Patch<Kvm>[] {
  const invalid = (kvm: Kvm, v: number): boolean => kvm.vcpu[v].fault.slot === 'invalid'
  return bounds.fault.prefaults === 0
    ? []
    : [replace('PF.8', slotTest(invalid, bounds.memslots.mmio, bounds, PREFAULT_AGAIN))]
}

export const prefaultFailsOnAnInvalidSlot: Difference = {
  id: 'prefault-fails-on-an-invalid-slot',
  title: 'end KVM_PRE_FAULT_MEMORY with -EAGAIN if the memslot is being deleted',
  since: 'v6.18',
  function: 'kvm_mmu_faultin_pfn',
  about:
    'Up to v6.17 the ioctl waits for the deletion to end, and the deletion for the section of kvm->srcu that the ioctl is in (prefault-waits-for-an-invalid-slot).',
  before: triedAgain,
}
