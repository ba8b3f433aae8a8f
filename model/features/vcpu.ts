import { placed } from '../language/placed.ts'
import { EXIT, REENTER } from '../machines/hand-over.ts'
import { exit } from '../machines/vcpu/exits.ts'
import { beginReads, beginWrites, hardwareWalk, interrupt } from '../machines/vcpu/guest.ts'
import { srcu_read_lock } from '../memory/primitives/srcu.ts'
import type { Feature } from './feature.ts'

/** Every vCPU runs a guest, which accesses memory and is interrupted. */
export const vcpu: Feature = {
  id: 'vcpus',
  title: 'vCPUs, their guests and the hardware page walk',
  parts: (bounds) => ({
    vcpu: [placed(300, exit(EXIT.interrupt, REENTER))],
    guest: [
      placed(10, interrupt()),
      placed(20, ...beginReads(bounds)),
      placed(30, ...beginWrites(bounds)),
      placed(70, ...hardwareWalk(bounds)),
    ],
  }),
  setUp: (kvm, { vcpus }) => {
    for (let v = 0; v < vcpus; v++) srcu_read_lock(kvm, v)
  },
}
