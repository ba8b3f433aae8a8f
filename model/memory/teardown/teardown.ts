import { Oops } from '../../language/property.ts'
import type { Kvm } from '../kvm.ts'

/** Sets up the references of the vCPU's open file and of the VM. */
export function open_files(kvm: Kvm): void {
  kvm.teardown[0].users_count = 1
  kvm.teardown[0].module_refs = 2
}

/** Follows a pointer to a vCPU. @throws Oops when it was freed. */
export function use_vcpu(kvm: Kvm, v: number): void {
  if (kvm.teardown.length > 0 && kvm.teardown[0].vcpus_freed) {
    throw new Oops('no-use-after-free', `vcpu${v} is used after it was freed`)
  }
}
