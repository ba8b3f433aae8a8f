import { Fault } from '../language/property.ts'
import { array, flag, range, struct } from '../language/shapes.ts'
import type { Bounds } from './bounds.ts'
import type { Kvm } from './kvm.ts'

/**
 * What keeps a VM and the KVM module there, in scenarios in which both can go. At the start the vCPU's file is
 * the last file of the VM that is open.
 */
export const teardown = (bounds: Bounds) =>
  array(
    bounds.vmCloses ? 1 : 0,
    struct({
      /** kvm->users_count: the vCPU's file has one, and so may what else uses the VM. */
      users_count: range(0, 2),
      /** References to the module: the vCPU's file has one, and the VM (5f6de5cbebee, v5.18). */
      module_refs: range(0, 2),
      /** kvm_destroy_vcpus() has returned. */
      vcpus_freed: flag,
    }),
  )

/** The file that is open has its references. */
export function open_files(kvm: Kvm): void {
  kvm.teardown[0].users_count = 1
  kvm.teardown[0].module_refs = 2
}

/** Follows a pointer to a vCPU. @throws Fault when it was freed. */
export function use_vcpu(kvm: Kvm, v: number): void {
  if (kvm.teardown.length > 0 && kvm.teardown[0].vcpus_freed) {
    throw new Fault('no-use-after-free', `vcpu${v} is used after it was freed`)
  }
}
