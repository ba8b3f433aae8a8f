import { isAt, places } from '../../model/language/places.ts'
import type { Invariant } from '../../model/language/property.ts'
import type { Counters } from '../../model/language/system.ts'
import type { Kvm } from '../../model/memory/kvm.ts'
import { all } from '../primitives/guest-mode.ts'

export const asidIsNotShared: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'asid-is-not-shared',
  aliases: [],
  title: 'Two vCPUs never have the same ASID in the current generation of a CPU.',
  when: 'always',
  reference: 'pre_svm_run(), new_asid(); 25f744ffa0c8, v7.2',
  consequence: 'A guest uses translations of another VM.',
  given: (kvm) => owners(kvm) > 0,
  holds: (kvm) => owners(kvm) <= 1,
}

/** How many vCPUs have the only ASID in the current generation. */
const owners = (kvm: Kvm): number =>
  kvm.svm_cpu.length === 0
    ? 0
    : all(kvm.svm).filter((i) => kvm.svm[i].asid_generation === kvm.svm_cpu[0].asid_generation).length

const REPORTS = places((path) => path === 'PS.5')

const reports = (kvm: Kvm, at: Counters): boolean => kvm.pi_desc.length > 0 && isAt(at.pirsync, 0, REPORTS)

export const pendingVectorIsReported: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'pending-vector-is-reported',
  aliases: [],
  title: 'A look at the interrupts of a vCPU finds a vector that is in its IRR.',
  when: 'when vmx_sync_pir_to_irr() has looked',
  reference: '__kvm_apic_update_irr(); 33fd0ccd2590, v7.1',
  consequence: 'The guest is entered without the interrupt, which waits for the next exit.',
  class: 'precision',
  given: reports,
  holds: (kvm, at) => {
    if (!reports(kvm, at)) return true
    const { irr, max_irr } = kvm.pi_desc[0]
    return max_irr === 'a vector' || all(irr).every((v) => !irr[v])
  },
}

export const emulatedAccessIsNotFromBeforeAFlush: Invariant<Kvm> = {
  kind: 'invariant',
  id: 'emulated-access-is-not-from-before-a-flush',
  aliases: [],
  title:
    'An access that KVM emulates does not use a translation that a flush of the guest, which has ended, covers.',
  when: 'always',
  reference: 'kvm_steal_time_set_preempted(); 6cd88243c7e0, v5.19',
  consequence: 'KVM writes to a page that the guest has given to another of its processes.',
  given: (kvm) => kvm.pv.length > 0 && kvm.pv[0].translated,
  holds: (kvm) => kvm.pv.length === 0 || !kvm.pv[0].translated || !kvm.pv[0].flushed,
}
