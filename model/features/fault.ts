import { placed } from '../language/placed.ts'
import { inFunction, when } from '../language/program.ts'
import { fastPageFault } from '../machines/fault/fast-page-fault.ts'
import { exitForPreFault, PREFAULT, preFault, preFaultDone } from '../machines/fault/pre-fault.ts'
import { EXIT } from '../machines/hand-over.ts'
import { exit } from '../machines/vcpu/exits.ts'
import type { Feature } from './feature.ts'

/** Page faults besides the slow ones: fast ones, and KVM_PRE_FAULT_MEMORY. */
export const fault: Feature = {
  id: 'fault',
  title: 'fast page faults, KVM_PRE_FAULT_MEMORY',
  parts: (bounds) => {
    const { fast, prefaults } = bounds.fault
    return {
      vcpu: [
        placed(350, ...when(prefaults > 0, exit(EXIT.userspace, PREFAULT))),
        placed(470, ...when(prefaults > 0, preFault(bounds))),
      ],
      guest: [placed(140, ...exitForPreFault(bounds))],
      pageFault: [
        placed(50, ...when(fast, ...inFunction('direct_page_fault', fastPageFault(bounds)))),
        placed(170, ...when(prefaults > 0, preFaultDone())),
      ],
    }
  },
  setUp: (kvm, { vcpus, fault: { prefaults } }) => {
    for (let v = 0; v < vcpus; v++) kvm.vcpu[v].prefaults_left = prefaults
  },
  refuses: ({ fault: { fast }, shadow, tdp }) =>
    fast && shadow.withoutGptes.length === 0 && !tdp.on
      ? 'fault.fast is for direct roots: name their frames in shadow.withoutGptes, or use the TDP MMU (tdp.on)'
      : null,
}
