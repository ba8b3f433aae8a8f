import { placed } from '../language/placed.ts'
import { when } from '../language/program.ts'
import { EXIT } from '../machines/hand-over.ts'
import { exit } from '../machines/vcpu/exits.ts'
import { NESTED_ENTER, NESTED_EXIT, nestedGuest, nestedSwitch } from '../machines/vcpu/nested.ts'
import type { Feature } from './feature.ts'

/** L1 runs L2: the vCPU switches between two MMUs. */
export const nested: Feature = {
  id: 'nested',
  title: 'nested guests',
  parts: (bounds) => {
    const runs = bounds.nested.runs > 0
    return {
      vcpu: [
        placed(330, ...when(runs, exit(EXIT.vmrun, NESTED_ENTER), exit(EXIT.l2, NESTED_EXIT))),
        placed(450, ...when(runs, ...nestedSwitch())),
      ],
      guest: [placed(120, ...nestedGuest(bounds))],
    }
  },
  setUp: (kvm, { vcpus, nested: { guestMode, runs } }) => {
    for (let v = 0; v < vcpus; v++) {
      if (guestMode) kvm.vcpu[v].nested = true
      kvm.vcpu[v].nested_runs = runs
    }
  },
  refuses: ({ nested: { mmus, runs }, guest }) => {
    if (runs > 0 && mmus < 2) return 'nested.runs needs nested.mmus: 2, one MMU for L1 and one for L2'
    return runs > 0 && guest.pgds < 2
      ? 'nested.runs needs a second page directory (guest.pgds), the root of the nested tables'
      : null
  },
}
