import { array, flag, range, struct } from '../../language/shapes.ts'
import type { Bounds } from '../bounds.ts'

/**
 * The references to a VM and to the KVM module, in scenarios in which both can be dropped. Initially the vCPU's
 * file is the only open file of the VM.
 */
export const teardown = (bounds: Bounds) =>
  array(
    bounds.teardown.closes ? 1 : 0,
    struct({
      /** kvm->users_count: one for the vCPU's file; a design may add another. */
      users_count: range(0, 2),
      /** References to the module: one for the vCPU's file, one for the VM (5f6de5cbebee, v5.18). */
      module_refs: range(0, 2),
      /** kvm_destroy_vcpus() has returned. */
      vcpus_freed: flag,
    }),
  )
