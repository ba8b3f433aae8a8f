import { array, flag, range, struct } from '../../language/shapes.ts'
import type { Bounds } from '../bounds.ts'

/**
 * What keeps a VM and the KVM module there, in scenarios in which both can go. At the start the vCPU's file is
 * the last file of the VM that is open.
 */
export const teardown = (bounds: Bounds) =>
  array(
    bounds.teardown.closes ? 1 : 0,
    struct({
      /** kvm->users_count: the vCPU's file has one, and so may what else uses the VM. */
      users_count: range(0, 2),
      /** References to the module: the vCPU's file has one, and the VM (5f6de5cbebee, v5.18). */
      module_refs: range(0, 2),
      /** kvm_destroy_vcpus() has returned. */
      vcpus_freed: flag,
    }),
  )
