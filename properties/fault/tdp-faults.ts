import type { Witness } from '../../model/language/property.ts'
import type { Kvm } from '../../model/memory/kvm.ts'

/** The race that mmu_unsync_pages_lock is for. */
export const twoVcpusUnsyncAtOnce: Witness<Kvm> = {
  kind: 'witness',
  id: 'two-vcpus-unsync-at-once',
  aliases: [],
  title: 'Two vCPUs that hold mmu_lock for read have each found a shadow page to mark unsync.',
  reference: 'a2855afc7ee8 "Allow parallel page faults for the TDP MMU", v5.12',
  seen: (kvm) =>
    [...kvm.vcpu].filter(({ fault }) => fault.unsync.length > 0 && fault.unsync[0].sp !== null).length > 1,
}
