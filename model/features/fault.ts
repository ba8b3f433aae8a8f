import { placed } from '../language/placed.ts'
import { when } from '../language/program.ts'
import { fastPageFault } from '../machines/fault/fast-page-fault.ts'
import { exitForPreFault, PREFAULT, preFault, preFaultDone } from '../machines/fault/pre-fault.ts'
import { tdpPageFault } from '../machines/fault/tdp-page-fault.ts'
import { EXIT } from '../machines/hand-over.ts'
import { exit } from '../machines/vcpu/exits.ts'
import type { Feature } from './feature.ts'

/** Page faults besides the slow ones: fast ones, those of the TDP MMU, and KVM_PRE_FAULT_MEMORY. */
export const fault: Feature = {
  id: 'fault',
  title: 'fast page faults, faults of the TDP MMU, KVM_PRE_FAULT_MEMORY',
  parts: (bounds) => {
    const { fast, tdp, prefaults } = bounds.fault
    return {
      vcpu: [
        placed(350, ...when(prefaults > 0, exit(EXIT.userspace, PREFAULT))),
        placed(410, ...when(tdp, tdpPageFault(bounds))),
        placed(470, ...when(prefaults > 0, preFault(bounds))),
      ],
      guest: [placed(140, ...exitForPreFault(bounds))],
      pageFault: [
        placed(50, ...when(fast, fastPageFault(bounds))),
        placed(170, ...when(prefaults > 0, preFaultDone())),
      ],
    }
  },
  setUp: (kvm, { vcpus, fault: { prefaults } }) => {
    for (let v = 0; v < vcpus; v++) kvm.vcpu[v].prefaults_left = prefaults
  },
  refuses: ({ fault: { fast, tdp }, shadow, nested }) => {
    if (fast && shadow.withoutGptes.length === 0)
      return 'fault.fast is for direct roots: name their frames in shadow.withoutGptes'
    return tdp && nested.mmus < 2 && !nested.guestMode
      ? 'fault.tdp models the faults of L1 beside those of L2: it needs nested.mmus: 2'
      : null
  },
}
